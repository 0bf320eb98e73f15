"""Shares, as their owners see them: making, changing, revoking, and what has become of them."""

from __future__ import annotations

import hashlib
import secrets
import string
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from control import vault
from control.domain.media import Media
from control.domain.rights import BROWSE, SHARE
from control.domain.sessions import Principal
from control.domain.shares import Share, ShareUse
from control.errors import BadRequest, MediaNotFound, ShareNotFound
from control.services.audit import Audit
from control.services.decisions import decide
from control.services.memory import Memory
from control.services.passwords import Passwords
from control.settings.sections import Shares as Limits
from nginx import contract

_ALPHABET = string.digits + string.ascii_letters
_CODE_LENGTH = 22  # of 62 characters: 131 random bits
LARGEST = 500  # media that one share names, or shows of its folder
LONGEST_FOLDER = 500  # characters


@dataclass(frozen=True, slots=True)
class Minted:
    id: str
    code: str
    url: str  # absolute


@dataclass(frozen=True, slots=True)
class OwnShare:
    """A share with its address, for whoever made it."""

    share: Share
    url: str
    use: ShareUse


class Shares:
    """`media_in(owner, folder, limit)` lists the media of a folder; `close(share)` ends what is being sent to it,
    `told(user)` hears who has changed one."""

    def __init__(
        self, shares, memory: Memory[Share], media: Memory[Media], media_in: Callable[..., list[Media]],
        master: vault.MasterKeys, passwords: Passwords, audit: Audit, publish: Callable[[str, str], None],
        limits: Limits, public_url: str, close: Callable[[str], None], told: Callable[[str | None], None],
    ):  # fmt: skip
        self._shares, self._memory, self._media, self._media_in = shares, memory, media, media_in
        self._master, self._passwords, self._audit, self._publish = master, passwords, audit, publish
        self._limits, self._public_url, self._close, self._told = limits, public_url, close, told

    def mint(self, principal: Principal, wanted: Mapping[str, Any], address: str, decision_id: str) -> Minted:
        """Make a share of what `wanted` says (the fields of the API).

        Raises MediaNotFound for what the principal may not share or what is not there, and BadRequest.
        """
        fields = self._fields(principal, {"expires_in": None, **wanted}, decision_id)
        _check_whole(fields)
        share, code = str(uuid.uuid4()), "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH))
        sealed = self._master.wrap(_bound(share), code.encode())
        self._shares.create(share, principal.user_id, code_hash(code), sealed.wrapped, sealed.version, fields)
        self._record("share_made", principal, share, address, decision_id, rights=sorted(fields["rights"]))
        return Minted(share, code, self._url(code))

    def of(self, owner: str | None) -> list[OwnShare]:
        """The shares of one user (None: of everybody), the newest first."""
        return self._own(self._shares.of(owner))

    def get(self, principal: Principal, share_id: str) -> OwnShare:
        """One of the principal's own shares (an administrator: any); raises ShareNotFound for others."""
        share = self._shares.get(share_id)
        if share is None or (share.owner.user_id != principal.user_id and principal.role != "admin"):
            raise ShareNotFound("GET /api/shares lists yours.")
        return self._own([share])[0]

    def change(
        self, principal: Principal, share_id: str, wanted: Mapping[str, Any], address: str, decision_id: str
    ) -> OwnShare:
        """Change what `wanted` names, in every worker at once; a new password ends the visits of the old one."""
        share = self.get(principal, share_id).share
        fields = self._fields(principal, wanted, decision_id)
        _check_whole({name: getattr(share, name) for name in ("media_ids", "folder", "rights")} | fields)
        if fields:
            self._forget(self._shares.change(share_id, fields))
            self._record("share_changed", principal, share_id, address, decision_id, changed=sorted(fields))
        return self.get(principal, share_id)

    def revoke(self, principal: Principal, share_id: str, address: str, decision_id: str) -> None:
        """End a share, in every worker at once; a film that plays stops at its next key."""
        self.get(principal, share_id)
        self._forget(self._shares.revoke(share_id))
        self._close(share_id)
        self._record("share_revoked", principal, share_id, address, decision_id)

    def contents(self, principal: Principal) -> list[Media]:
        """What a visitor may see of the share, in the owner's order, then by name."""
        share = principal.share
        found = [media for media in map(self._media.get, share.media_ids) if media]
        if share.folder is not None:
            known = set(share.media_ids)
            inside = self._media_in(share.owner.user_id, share.folder, LARGEST)
            found += [media for media in inside if media.id not in known]
        return [media for media in found if decide(principal, BROWSE, media, "").allowed]

    def judge_again(self, user_id: str) -> None:
        """The user's rights have changed: no worker may go on with what it remembers of their shares."""
        self.forget(self.codes_of(user_id))

    def codes_of(self, user_id: str) -> list[str]:
        """The hashes of the codes of the user's live shares."""
        return self._shares.hashes_of(user_id)

    def forget(self, codes: Sequence[str]) -> None:
        """In every worker."""
        for hex_hash in codes:
            self._forget(hex_hash)

    def _own(self, shares: list[Share]) -> list[OwnShare]:
        ids = [share.id for share in shares]
        sealed, uses = self._shares.sealed_codes(ids), self._shares.uses(ids)
        return [OwnShare(share, self._url(self._code(share.id, *sealed[share.id])), uses[share.id]) for share in shares]

    def _code(self, share: str, wrapped: bytes, version: int) -> str:
        return self._master.unwrap(_bound(share), vault.WrappedKey(wrapped, version)).decode()

    def _url(self, code: str) -> str:
        return f"{self._public_url}{contract.SHARES.path}{code}"

    def _fields(self, principal: Principal, wanted: Mapping[str, Any], decision_id: str) -> dict[str, Any]:
        """The columns of what `wanted` names."""
        fields = dict(wanted)
        if "media_ids" in fields:
            fields["media_ids"] = self._may_share(principal, fields["media_ids"] or (), decision_id)
        if fields.get("folder") is not None:
            fields["folder"] = _folder(fields["folder"])
            self._must_exist(principal, fields)
        if "rights" in fields:
            fields["rights"] = sorted(set(fields["rights"]))
        if "password" in fields:
            password = fields.pop("password")
            fields["password_hash"] = self._passwords.hash(password) if password else ""
        if "expires_in" in fields:
            fields["expires_at"] = self._expires(principal, fields.pop("expires_in"))
        return fields

    def _may_share(self, principal: Principal, media_ids: Sequence[str], decision_id: str) -> list[str]:
        for media_id in media_ids:
            decision = decide(principal, SHARE, self._media.get(media_id), decision_id)
            if not decision.allowed:
                raise MediaNotFound(reason=decision.reason)
        return list(dict.fromkeys(media_ids))

    def _must_exist(self, principal: Principal, fields: Mapping[str, Any]) -> None:
        """A folder of one's own with something in it; a drop box may be filled by others first."""
        only_upload = set(fields.get("rights", ())) == {"upload"}
        if not only_upload and not self._media_in(principal.user_id, fields["folder"], 1):
            raise MediaNotFound("You have no such folder, or nothing is in it.")

    def _expires(self, principal: Principal, seconds: int | None) -> datetime:
        seconds = self._limits.default_seconds if seconds is None else seconds
        viewer = principal.role in ("guest", "viewer")
        longest = self._limits.viewer_max_seconds if viewer else self._limits.max_seconds
        if not 1 <= seconds <= longest:
            raise BadRequest(f"expires_in must lie between 1 and {longest} seconds.")
        return datetime.now(UTC) + timedelta(seconds=seconds)

    def _forget(self, hex_hash: str) -> None:
        self._memory.drop(hex_hash)
        self._publish("share", hex_hash)

    def _record(self, event: str, by: Principal, share: str, address: str, decision_id: str, **details: Any) -> None:
        details = {"share": share, **details}
        self._audit.record(event, by, address=address, decision=decision_id, reason="", details=details)
        self._told(by.user_id)


def code_hash(code: str) -> bytes:
    """What the database is asked for."""
    return hashlib.sha256(code.encode()).digest()


def _bound(share: str) -> str:
    """What the sealed code is bound to: it opens as no other share's, and as no media key."""
    return f"share {share}"


def _folder(text: str) -> str:
    parts = text.strip("/").split("/")
    if len(text) > LONGEST_FOLDER or not text.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise BadRequest("folder is a path of names, such as Trips/2026.")
    return "/".join(parts)


def _check_whole(fields: Mapping[str, Any]) -> None:
    if not fields["rights"]:
        raise BadRequest("rights are one or more of view, download, upload.")
    if not fields["media_ids"] and fields["folder"] is None and set(fields["rights"]) != {"upload"}:
        raise BadRequest("Name what is shared: media_ids, folder, or both.")

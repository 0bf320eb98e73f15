"""Grants: who may fetch which media's renditions, and the content keys behind them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from control import vault
from control.domain.grants import Grant
from control.domain.media import Media
from control.domain.rights import DOWNLOAD, VIEW
from control.domain.sessions import Principal
from control.errors import GrantEnded, MediaNotFound, SignInRequired, StreamStopped, WrongPrincipal
from control.services.audit import Audit
from control.services.decisions import decide
from control.services.identity import Identity
from control.services.leases import Leases
from control.services.link_keys import LinkKeys
from control.services.memory import Memory
from control.services.visits import Visits
from nginx import contract


@dataclass(frozen=True, slots=True)
class Opened:
    """A grant, and the signed prefix below which Nginx serves its media."""

    grant: Grant
    prefix: str


class Grants:
    def __init__(
        self, grants, memory: Memory[Grant], media: Memory[Media], wrapped_keys: Memory[vault.WrappedKey],
        master: vault.MasterKeys, link_keys: LinkKeys, identity: Identity, visits: Visits,
        leases: Leases, audit: Audit, hours: int, portable_hours: int,
    ):  # fmt: skip
        self._grants, self._memory, self._media, self._wrapped = grants, memory, media, wrapped_keys
        self._master, self._link_keys, self._identity, self._visits = master, link_keys, identity, visits
        self._leases, self._audit = leases, audit
        self._lifetime = {False: timedelta(hours=hours), True: timedelta(hours=portable_hours)}

    def open(self, principal: Principal, media: Media, portable: bool) -> Opened:
        """Return a grant of `media` for this principal: a live one with half its life left, or a new one."""
        now, lifetime = datetime.now(UTC), self._lifetime[portable]
        grant = self._grants.reusable(principal, media.id, portable, now + lifetime / 2)
        if grant is None:
            grant = self._grants.create(secrets.token_hex(16), principal, media.id, portable, now + lifetime)
        kid = self._link_keys.current
        expires = int(grant.expires_at.timestamp())
        return Opened(grant, contract.hls_prefix(kid, self._link_keys.keys[kid], expires, grant.id, media.id))

    def content_key(
        self, grant_id: str, media_id: str, label: str, n: int, asker: Principal | None, visitor: str | None,
        address: str, decision_id: str,
    ) -> bytes:  # fmt: skip
        """Return the 16 bytes of key(label, n), after a live check of grant, session and asker; audited either way.

        `asker` is who sent the request (None: nobody signed in), `visitor` whose visit's cookie came with it. Raises
        GrantEnded, SignInRequired, SessionEnded, WrongPrincipal, MediaNotFound, ShareBusy, ShareSpent, StreamStopped or
        TooManyFilms.
        """
        facts = {"address": address, "decision": decision_id, "media_id": media_id}
        try:
            principal = self._live_owner(grant_id, media_id, asker, visitor)
            media, wrapped = self._media.get(media_id), self._wrapped.get(media_id)
            refusal = decide(principal, VIEW if principal.share else DOWNLOAD, media, decision_id)
            if wrapped is None or not refusal.allowed:
                raise GrantEnded(reason=refusal.reason) if principal.share else MediaNotFound(reason=refusal.reason)
            if principal.share:
                self._visits.watch(principal, media, label, n, decision_id)
            self._leases.renew(principal, grant_id, label)
        except Exception as error:
            reason = getattr(error, "reason", "") or getattr(error, "code", "error")
            self._audit.record("key_refused", asker or Principal("anonymous"), reason=reason, **facts)
            raise
        self._audit.record("key", principal, reason=principal.kind, details={"rung": label, "n": n}, **facts)
        return vault.content_key(self._master.unwrap(media_id, wrapped), label, n)

    def _live_owner(
        self, grant_id: str, media_id: str, asker: Principal | None, visitor: str | None
    ) -> Principal:  # fmt: skip
        grant = self._memory.get(grant_id)
        if grant is not None and grant.revoked and grant.end_reason:
            raise StreamStopped(grant.end_reason)
        if grant is None or grant.revoked or grant.media_id != media_id or grant.expires_at <= datetime.now(UTC):
            raise GrantEnded()
        if grant.visit_id:
            return self._live_visitor(grant, visitor)
        owner = self._identity.alive(grant.session_id, grant.token_id)
        if grant.portable:
            return replace(owner, kind="portable")
        if asker is None:
            raise SignInRequired()
        if (asker.session_id, asker.token_id) != (grant.session_id, grant.token_id):
            raise WrongPrincipal()
        return owner

    def _live_visitor(self, grant: Grant, visitor: str | None) -> Principal:
        """Whether the share is alive and unlocked, :func:`decide` says."""
        principal, holder = self._visits.alive(grant.visit_id)
        if not grant.portable and visitor is None:
            raise SignInRequired("Open the share's page first.")
        if not grant.portable and visitor != holder:
            raise WrongPrincipal()
        return principal

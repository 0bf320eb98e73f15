"""ZIP files of several media: what may go in, their address, and the checksums that must be known before they are sent.

Who asks for one gets an address with an unguessable token, which is the right to fetch it until it expires. What it
holds is frozen then; files whose CRC-32 is not known yet are read first, away from the event loop.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from control.domain.archive_names import safe_names
from control.domain.archives import Archive, Member
from control.domain.media import Media
from control.domain.rights import DOWNLOAD
from control.domain.sessions import Principal
from control.errors import ArchiveGone, ArchiveNotReady, ArchiveTooLarge, NoPlainFile, NotForArchive
from control.errors import table as errors
from control.services.archive_checksums import Checksums, known_checksum
from control.services.archive_parts import Frozen, FrozenMemory
from control.services.audit import Audit
from control.services.decisions import decide
from control.services.library import Library
from control.services.mounts import Mounts
from control.settings.sections import Archives as Limits
from nginx import contract

QUICK_SECONDS = 1.0  # who asks for an archive waits so long for its preparation
PATIENCE_SECONDS = 10.0  # who fetches it; Nginx waits for 30 s
LOOK_SECONDS = 0.2
_NAMED = 5  # refusals that are named at once


@dataclass(frozen=True, slots=True)
class Refused:
    """What cannot be had: its key or id as it was asked for, its name where one may know it, and the error's code."""

    key: str
    name: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Made:
    archive: Archive
    token: str
    url: str


class Archives:
    """`aside` runs a function in a thread: aside(place, function, *arguments), where a place is a root of originals."""

    def __init__(
        self, store, library: Library, mounts: Mounts, originals, audit: Audit, limits: Limits, public_url: str,
        aside: Callable, checksums: Checksums, pack: Callable, memory: FrozenMemory,
    ):  # fmt: skip
        self._store, self._library, self._mounts, self._originals = store, library, mounts, originals
        self._audit, self._limits, self._public_url, self._aside = audit, limits, public_url, aside
        self._checksums, self._pack, self._memory = checksums, pack, memory

    # --- what may go in ---------------------------------------------------------------------------

    def matching(self, principal: Principal, filters) -> list[str]:
        """The ids of all that fits and that `principal` may see. Raises ArchiveTooLarge."""
        found = self._library.ids(principal, filters, self._limits.max_files + 1)
        self._check_number(len(found))
        return found

    def choose(
        self, principal: Principal, keys: Sequence[str], ids: Sequence[str], decision: str
    ) -> tuple[list[Media], list[Refused]]:
        """What of these keys (Media.key) and ids `principal` may have, in their order and once; and what not."""
        wanted = list(dict.fromkeys([*ids, *(key.removeprefix("media/") for key in keys)]))
        self._check_number(len(wanted))
        places = [one for one in wanted if "/" in one]
        found: dict[str, Media] = {}
        for media in self._library.find_all([one for one in wanted if _is_id(one)], places):
            found[media.id] = found[media.stored or media.id] = media
        allowed, refused = {}, []
        for one in wanted:
            media = found.get(one)
            problem = _problem(principal, media, decision)
            if problem is None:
                allowed[media.id] = media
            else:
                refused.append(_refused(one, media, *problem))
        return list(allowed.values()), refused

    def _check_number(self, number: int) -> None:
        if number > self._limits.max_files:
            raise ArchiveTooLarge(f"These are {number:,} files or more; {self._limits.max_files:,} are allowed.")

    # --- making -----------------------------------------------------------------------------------

    def make(
        self, principal: Principal, media: Sequence[Media], name: str, ticket: str = "", **facts: str
    ) -> Made:  # fmt: skip
        """Freeze what an archive of `media` holds and return its address. The caller has asked for the right to each.

        Its deliveries are counted under `ticket`; `facts` are the trail's. Raises NotForArchive, ArchiveTooLarge,
        NoPlainFile, MountAway.
        """
        members = self._members(media)
        size = sum(member.size for member in members)
        if size > self._limits.max_bytes:
            raise ArchiveTooLarge(f"These are {size:,} bytes; {self._limits.max_bytes:,} are allowed.")
        token = secrets.token_urlsafe(16)
        ready = all(member.crc32 is not None for member in members)
        archive = self._store.add(
            _hash(token), principal.user_id, principal.name, name, ticket, len(members), size,
            self._aside("", self._pack, members), ready, self._limits.token_seconds,
        )  # fmt: skip
        self._audit.record(
            "archive_made", principal, reason=f"{len(members)} files", details={"archive": archive.id, "bytes": size},
            **facts,
        )  # fmt: skip
        if not ready:
            self._checksums.start(archive.id, members)
            archive = self._wait(archive, _hash(token), QUICK_SECONDS)
        return Made(archive, token, f"{self._public_url}{contract.BATCH.path}/{token}")

    def _members(self, media: Sequence[Media]) -> list[Member]:
        if not media:
            raise NotForArchive("Nothing of it can be had.")
        self._check_number(len(media))
        for mount in {one.mount for one in media if one.mount}:
            self._mounts.must_be_there(mount)
        if not all(one.has_plain_file for one in media):
            raise NoPlainFile()
        names = self._aside("", safe_names, [(folder_of(one), one.name) for one in media])
        known = self._store.checksums([one.id for one in media])
        members = [_member(one, name, known.get(one.id, {})) for one, name in zip(media, names, strict=True)]
        self._check_own(members)
        return members

    def _check_own(self, members: Sequence[Member]) -> None:
        """Those on our own disk are asked at once; a drive is asked when it sends."""
        own = [member for member in members if member.root in contract.OWN_ROOTS]
        sizes = self._aside("", self._originals.sizes, [(member.root, member.path) for member in own])
        wrong = [member.name for member, size in zip(own, sizes, strict=True) if size != member.size]
        if wrong:
            raise NotForArchive(f"On the disk this is missing or damaged: {_listed(wrong)}.")

    # --- fetching ---------------------------------------------------------------------------------

    def find(self, token: str) -> Archive:
        """The archive of an address. Raises ArchiveGone. One that nobody prepares any more is taken up again."""
        archive = self._store.find(_hash(token))
        if archive is None:
            raise ArchiveGone()
        if archive.state == "preparing" and self._store.take_over(archive.id):
            self._checksums.start(archive.id, self._memory.members(archive.id))
        return archive

    def ready(self, token: str) -> tuple[Archive, Frozen]:
        """The archive and its bytes, once they are known. Raises ArchiveGone, ArchiveNotReady, NotForArchive."""
        archive = self.find(token)
        archive = self._wait(archive, _hash(token), PATIENCE_SECONDS)
        if archive.state == "preparing":
            raise ArchiveNotReady()
        if archive.state == "failed":
            raise NotForArchive(archive.error)
        frozen = self.frozen(archive.id)
        for mount in frozen.mounts:
            self._mounts.must_be_there(mount)
        return archive, frozen

    def frozen(self, archive: str) -> Frozen:
        """By its id. Raises ArchiveGone."""
        return self._memory.get(archive)

    def _wait(self, archive: Archive, token_hash: bytes, seconds: float) -> Archive:
        deadline = time.monotonic() + seconds
        while archive.state == "preparing" and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
            archive = self._store.find(token_hash) or archive
        return archive


def folder_of(media: Media) -> str:
    """Where a media lies for people: the folder of an upload, the one below its mount."""
    if media.mount is not None and media.path is not None:
        return media.path.rpartition("/")[0]
    return media.folder


def explain(refused: Iterable[Refused]) -> str:
    """A sentence that names what cannot be had, and why."""
    refused = list(refused)
    return _listed([f"{one.name or one.key}: {one.reason} ({one.code})" for one in refused])


def _listed(texts: Sequence[str]) -> str:
    more = f"; and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return "; ".join(texts[:_NAMED]) + more


def _problem(principal: Principal, media: Media | None, decision: str) -> tuple[str, bool] | None:
    """(code of the error, whether one may know of it), or None."""
    decided = decide(principal, DOWNLOAD, media, decision)
    if not decided.allowed:
        return decided.error, False
    return None if media.has_plain_file else (NoPlainFile.code, True)


def _refused(key: str, media: Media | None, code: str, known: bool) -> Refused:
    sentence = next(error().message for error in errors() if error.code == code)
    key = key if "/" in key else f"media/{key}"
    return Refused(key, media.name if media and known else "", code, sentence)


def _member(media: Media, name: str, known: dict) -> Member:
    root, path = contract.original_root(media.id, media.mount, media.path, media.stored)
    crc32, mtime_ns = known_checksum(media, known)
    return Member(name, media.size_bytes, crc32, mtime_ns, root, path, media.id)


def _is_id(text: str) -> bool:
    return bool(re.fullmatch(contract.UUID, text))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()

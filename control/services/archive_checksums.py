"""The CRC-32 of every member of an archive, read in threads, remembered at its media with what it was read from."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import structlog

from control.domain.archives import Member
from control.domain.media import Media
from control.errors import ControlError
from control.services.mounts import Mounts
from nginx.contract import OWN_ROOTS

log = structlog.get_logger()

NOTE_SECONDS = 1.0  # between two signs of life


def fingerprint(size: int, mtime_ns: int) -> str:
    return f"{size}:{mtime_ns}"


def known_checksum(media: Media, known: dict) -> tuple[int | None, int]:
    """(CRC-32 or None, mtime in ns) of a media, from its row: an upload never changes, a mounted file may."""
    crc32, of, seen = known.get("crc32"), known.get("crc32_of"), known.get("mtime_ns")
    if media.mount is not None:
        same = seen is not None and of == fingerprint(media.size_bytes, seen)
        return (crc32 if same else None), seen or 0
    created = int(media.created_at.timestamp()) * 10**9
    if of is None:
        return (crc32 if media.stored else None), created
    size, _, mtime = of.partition(":")
    return (crc32, int(mtime)) if size == str(media.size_bytes) else (None, created)


class Checksums:
    """`spawn` starts a function beside everything else; `aside` runs one in a thread of a place and waits for it."""

    def __init__(self, store, originals, mounts: Mounts, pack: Callable, aside: Callable, spawn: Callable):
        self._store, self._originals, self._mounts = store, originals, mounts
        self._pack, self._aside, self._spawn = pack, aside, spawn

    def start(self, archive: str, members: Sequence[Member]) -> None:
        """Read what is not known yet; then the archive is ready, or failed with a sentence."""
        self._spawn(self._prepare, archive, members)

    def _prepare(self, archive: str, members: Sequence[Member]) -> None:
        try:
            self._complete(archive, members)
        except _NotWanted:
            log.info("archive_not_wanted", archive=archive)
        except OSError as error:
            log.warning("archive_failed", archive=archive, error=str(error))
            self._store.fail(archive, f"A file is gone, or changes while it is read: {error.filename}.")
        except ControlError as error:
            log.warning("archive_failed", archive=archive, error=error.code)
            self._store.fail(archive, f"{error.message} {error.details}")

    def _complete(self, archive: str, members: Sequence[Member]) -> None:
        work = _Work(archive, self._store, sum(member.size for member in members if member.crc32 is None))
        done = [member if member.crc32 is not None else self._read(member, work) for member in members]
        work.write_down()
        self._store.finish(archive, self._aside("", self._pack, done), sum(member.size for member in done))

    def _read(self, member: Member, work: _Work) -> Member:
        """Read it whole; a mounted file may have another size and time by now, which count from here on."""
        if member.root not in OWN_ROOTS:
            self._mounts.must_be_there(member.root)
        crc, at, file = 0, 0, None
        while file is None or at < file[0]:
            before = at
            crc, at, *found = self._step(member, at, crc)
            if file not in (None, found):
                raise OSError(0, "it changes", member.name)
            file = found
            work.note(at - before)
        size, mtime_ns = file
        work.found.append((member.media_id, crc, fingerprint(size, mtime_ns)))
        return replace(member, crc32=crc, size=size, mtime_ns=mtime_ns)

    def _step(self, member: Member, at: int, crc: int) -> tuple[int, int, int, int]:
        try:
            return self._aside(member.root, self._originals.checksum, member.root, member.path, at, crc)
        except OSError as error:
            raise OSError(error.errno, str(error), member.name) from None


class _NotWanted(Exception):
    """The archive has expired."""


class _Work:
    """How far the reading is, and what it has found; written down now and then."""

    def __init__(self, archive: str, store, total: int):
        self._archive, self._store, self._total = archive, store, max(total, 1)
        self._read, self._noted = 0, time.monotonic()
        self.found: list[tuple[str, int, str]] = []

    def note(self, read: int) -> None:
        self._read += read
        if time.monotonic() - self._noted > NOTE_SECONDS:
            self.write_down()

    def write_down(self) -> None:
        """Raises _NotWanted."""
        self._store.note_checksums(self.found)
        self.found.clear()
        self._noted = time.monotonic()
        if not self._store.note_progress(self._archive, min(100 * self._read / self._total, 99.9)):
            raise _NotWanted()

"""The bytes of an archive: as literals and includes that Nginx assembles, or a range of them read here.

A whole archive is Nginx's work. Control reads the files itself for a range, for an archive of very many files (Nginx
keeps about 15 KiB for each until the end), and where a literal would look like an SSI command.
"""

from __future__ import annotations

import errno
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import structlog

from control.domain.archives import Layout, Member, Slice
from control.errors import ArchiveGone
from nginx import contract

log = structlog.get_logger()

CHUNK = 1 << 20  # bytes that are read at a time, and all that a transfer holds
MOST_INCLUDES = 4000
REMEMBERED = 200_000  # members of all archives that are kept in memory
LOOKED_AT = 200  # files at a time


@dataclass(frozen=True, slots=True)
class Frozen:
    """What an archive holds, for good."""

    layout: Layout
    etag: str
    mounts: frozenset[str]
    by_nginx: bool

    @property
    def length(self) -> int:
        return self.layout.length


def freeze(members: Sequence[Member]) -> Frozen:
    """Takes some microseconds for each member."""
    layout = Layout(members)
    mounts = frozenset(member.root for member in members) - contract.OWN_ROOTS
    return Frozen(layout, layout.etag, mounts, _fits_nginx(layout))


def _fits_nginx(layout: Layout) -> bool:
    if len(layout.members) > MOST_INCLUDES:
        return False
    longest = max(len(_include(member)) for member in layout.members)
    return longest <= contract.LONGEST_INCLUDE and not any(
        contract.SSI_COMMAND in literal for literal in _literals(layout)
    )


def _literals(layout: Layout) -> Iterator[bytes]:
    """Everything between two includes: a command may begin in one literal and go on in the next."""
    literal = b""
    for part in layout.parts():
        if isinstance(part, bytes):
            literal += part
        else:
            yield literal
            literal = b""
    yield literal


def _include(member: Member) -> bytes:
    return contract.member_include(member.root, member.path, member.mtime_ns, member.size)


class FrozenMemory:
    """The latest archives, by id, so that a range of a large one does not cost all of its manifest."""

    def __init__(self, load: Callable[[str], bytes | None], unpack: Callable, aside: Callable):
        self._load, self._unpack, self._aside = load, unpack, aside
        self._kept: OrderedDict[str, Frozen] = OrderedDict()

    def get(self, archive: str) -> Frozen:
        """Of an archive that is ready. Raises ArchiveGone."""
        if archive not in self._kept:
            manifest = self._manifest(archive)
            self._keep(archive, self._aside("", lambda: freeze(self._unpack(manifest))))
        self._kept.move_to_end(archive)
        return self._kept[archive]

    def members(self, archive: str) -> list[Member]:
        """Of one that may still be prepared. Raises ArchiveGone."""
        return self._aside("", self._unpack, self._manifest(archive))

    def _manifest(self, archive: str) -> bytes:
        manifest = self._load(archive)
        if manifest is None:
            raise ArchiveGone()
        return manifest

    def _keep(self, archive: str, frozen: Frozen) -> None:
        self._kept[archive] = frozen
        while len(self._kept) > 1 and sum(len(one.layout.members) for one in self._kept.values()) > REMEMBERED:
            self._kept.popitem(last=False)


class ArchiveParts:
    """`aside` runs a function in a thread of a place; raises MountAway or StorageUnavailable at its deadline."""

    def __init__(self, originals, aside: Callable):
        self._originals, self._aside = originals, aside

    def for_nginx(self, frozen: Frozen) -> Iterator[bytes]:
        """Literals and SSI includes, a bundle at a time; a file of ours that has changed becomes the end of it."""
        parts = frozen.layout.parts()
        while bundle := list(islice(parts, LOOKED_AT)):
            changed = self._changed(frozen, bundle)
            yield b"".join(self._for_nginx(frozen, part, changed) for part in bundle)

    def _for_nginx(self, frozen: Frozen, part: bytes | Slice, changed: set[int]) -> bytes:
        if isinstance(part, bytes):
            return part
        if part.number in changed:
            return contract.ssi_include(contract.CHANGED)
        return _include(frozen.layout.members[part.number])

    def _changed(self, frozen: Frozen, parts: Sequence[bytes | Slice]) -> set[int]:
        """Our own files that are not as large as they were. Those of mounts are Nginx's to ask for (If-Match)."""
        members, files = frozen.layout.members, [part.number for part in parts if isinstance(part, Slice)]
        own = [number for number in files if members[number].root in contract.OWN_ROOTS]
        sizes = self._aside("", self._originals.sizes, [(members[n].root, members[n].path) for n in own])
        return {number for number, size in zip(own, sizes, strict=True) if size != members[number].size}

    def read(self, frozen: Frozen, start: int, stop: int) -> Iterator[bytes]:
        """Bytes `start` to `stop`, a chunk at a time. Raises ConnectionResetError where a file is not what it was.

        (!) To end early without an error would leave the client, and Nginx, waiting for the rest.
        """
        for part in frozen.layout.parts(start, stop):
            if isinstance(part, bytes):
                yield part
            else:
                yield from self._file(frozen.layout.members[part.number], part)

    def _file(self, member: Member, part: Slice) -> Iterator[bytes]:
        expected = member.size, None if member.root in contract.OWN_ROOTS else member.mtime_ns
        for at in range(part.start, part.stop, CHUNK):
            stop = min(at + CHUNK, part.stop)
            try:
                chunk = self._aside(
                    member.root, self._originals.read, member.root, member.path, at, stop, expected
                )  # fmt: skip
            except Exception as error:
                log.warning("archive_broken_off", member=member.name, error=str(error))
                raise ConnectionResetError(errno.ECONNRESET, "a file of the archive is not what it was") from None
            yield chunk

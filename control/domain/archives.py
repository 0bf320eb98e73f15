"""The bytes of a stored ZIP64 archive as a pure function of its manifest (PKWARE APPNOTE 6.3.10).

Members lie uncompressed (method 0) behind local headers that already say size and CRC-32, so there are no data
descriptors, the length is known beforehand, and any range of bytes is literals and slices of files.
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

UTF8, STORED, UNIX_FILE = 0x0800, 0, 0o100644 << 16
PLAIN, ZIP64 = 20, 45  # "version needed to extract"
MADE_BY_UNIX = 3 << 8
LIMIT_16, LIMIT_32 = 0xFFFF, 0xFFFFFFFF  # these values themselves mean "see the ZIP64 record"
LONGEST_LITERAL = 64 << 10  # bytes of the central directory at a time


State = Literal["preparing", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class Archive:
    """What was asked for, and how far it is."""

    id: str
    name: str  # of the file that people get
    user_id: str | None
    principal: str
    ticket: str
    files: int
    bytes: int  # of the files
    state: State
    percent: float
    error: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """One file: `name` is its unique safe path in the archive (domain.archive_names); where it lies as in
    nginx.contract.original_root."""

    name: str
    size: int
    crc32: int | None  # None while it is still to be read
    mtime_ns: int
    root: str = ""
    path: str = ""
    media_id: str = ""

    @property
    def mtime(self) -> int:
        """Seconds since 1970."""
        return self.mtime_ns // 10**9


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes `start` to `stop` of the file of member `number`."""

    number: int
    start: int
    stop: int


class Layout:
    """Where everything lies. Building it costs a few microseconds a member; it keeps two integers for each."""

    def __init__(self, members: Sequence[Member]):
        self.members = members
        self._headers, self._entries = [], []  # offsets of local headers, and of entries of the central directory
        at = 0
        for member in members:
            self._headers.append(at)
            at += _header_length(member) + member.size
        self._directory = at
        for member, header in zip(members, self._headers, strict=True):
            self._entries.append(at)
            at += _entry_length(member, header)
        self._end = at
        self.length = at + len(self._end_records())

    @property
    def etag(self) -> str:
        """A strong validator (RFC 9110 8.8.3): equal ones stand for equal bytes. Hex, without its quotes."""
        digest = hashlib.sha256()
        for member in self.members:
            digest.update(f"{member.size} {member.crc32} {member.mtime} {member.name}\n".encode())
        return digest.hexdigest()[:32]

    def parts(self, start: int = 0, stop: int | None = None) -> Iterator[bytes | Slice]:
        """The archive's bytes from `start` up to `stop` (exclusive; None: its end), in order."""
        stop = self.length if stop is None else stop
        for at, part in self._pieces(start, stop):
            length = part.stop - part.start if isinstance(part, Slice) else len(part)
            first, last = max(start - at, 0), min(stop - at, length)
            if first < last:
                yield _cut(part, first, last)

    def _pieces(self, start: int, stop: int) -> Iterator[tuple[int, bytes | Slice]]:
        """Whole pieces with their offsets; those that lie outside at either end are left out."""
        for number in range(max(bisect_right(self._headers, start) - 1, 0), len(self.members)):
            at = self._headers[number]
            if at >= stop:
                return
            member = self.members[number]
            yield at, _header(member)
            yield at + _header_length(member), Slice(number, 0, member.size)
        yield from self._directory_pieces(start, stop)
        if stop > self._end:
            yield self._end, self._end_records()

    def _directory_pieces(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """The central directory in literals of a bounded length."""
        first = max(bisect_right(self._entries, start) - 1, 0)
        at, literal = None, b""
        for number in range(first, len(self.members)):
            if self._entries[number] >= stop:
                break
            at = self._entries[number] if at is None else at
            literal += _entry(self.members[number], self._headers[number])
            if len(literal) >= LONGEST_LITERAL:
                yield at, literal
                at, literal = None, b""
        if at is not None:
            yield at, literal

    def _end_records(self) -> bytes:
        """End of central directory (4.3.16), with the ZIP64 record and locator (4.3.14, 4.3.15) where it is needed."""
        count, size, offset = len(self.members), self._end - self._directory, self._directory
        large = b""
        if count >= LIMIT_16 or size >= LIMIT_32 or offset >= LIMIT_32:
            large = struct.pack(
                "<4sQHHIIQQQQ", b"PK\6\6", 44, MADE_BY_UNIX | ZIP64, ZIP64, 0, 0, count, count, size, offset
            ) + struct.pack("<4sIQI", b"PK\6\7", 0, self._end, 1)
        counted = min(count, LIMIT_16)
        last = (b"PK\5\6", 0, 0, counted, counted, min(size, LIMIT_32), min(offset, LIMIT_32), 0)
        return large + struct.pack("<4sHHHHIIH", *last)


def _cut(part: bytes | Slice, first: int, last: int) -> bytes | Slice:
    if isinstance(part, Slice):
        return Slice(part.number, part.start + first, part.start + last)
    return part[first:last]


def _header(member: Member) -> bytes:
    """Local file header (4.3.7). A ZIP64 field must hold both sizes there (4.5.3)."""
    name, large = member.name.encode(), member.size >= LIMIT_32
    size = LIMIT_32 if large else member.size
    extra = (struct.pack("<HHQQ", 1, 16, member.size, member.size) if large else b"") + _time_field(member)
    return struct.pack(
        "<4sHHHHHIIIHH", b"PK\3\4", ZIP64 if large else PLAIN, UTF8, STORED, *_dos_time(member.mtime), member.crc32,
        size, size, len(name), len(extra),
    ) + name + extra  # fmt: skip


def _header_length(member: Member) -> int:
    large = 20 if member.size >= LIMIT_32 else 0
    return 30 + len(member.name.encode()) + large + len(_time_field(member))


def _entry(member: Member, header: int) -> bytes:
    """Central directory header (4.3.12); its ZIP64 field holds only what does not fit."""
    name, large = member.name.encode(), b""
    size = LIMIT_32 if member.size >= LIMIT_32 else member.size
    if member.size >= LIMIT_32:
        large += struct.pack("<QQ", member.size, member.size)
    if header >= LIMIT_32:
        large += struct.pack("<Q", header)
    version = ZIP64 if large else PLAIN
    extra = (struct.pack("<HH", 1, len(large)) + large if large else b"") + _time_field(member)
    return struct.pack(
        "<4sHHHHHHIIIHHHHHII", b"PK\1\2", MADE_BY_UNIX | version, version, UTF8, STORED, *_dos_time(member.mtime),
        member.crc32, size, size, len(name), len(extra), 0, 0, 0, UNIX_FILE, min(header, LIMIT_32),
    ) + name + extra  # fmt: skip


def _entry_length(member: Member, header: int) -> int:
    large = (16 if member.size >= LIMIT_32 else 0) + (8 if header >= LIMIT_32 else 0)
    return 46 + len(member.name.encode()) + (4 + large if large else 0) + len(_time_field(member))


def _time_field(member: Member) -> bytes:
    """Info-ZIP's extended timestamp: UTC in whole seconds, where DOS time is local and counts by two."""
    return struct.pack("<HHBi", 0x5455, 5, 1, member.mtime) if -(2**31) <= member.mtime < 2**31 else b""


def _dos_time(mtime: int) -> tuple[int, int]:
    """(time, date) as MS-DOS packs them, in UTC; 1980 to 2107."""
    at = datetime.fromtimestamp(min(max(mtime, 315_532_800), 4_354_819_198), UTC)
    return at.hour << 11 | at.minute << 5 | at.second // 2, (at.year - 1980) << 9 | at.month << 5 | at.day

"""Reading plain originals where they lie. Every call may hang as long as a drive does: run them in a thread.

A place is (root, path below it) as nginx.contract.original_root names it. No symbolic link is followed below a root.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STEP = 32 << 20  # bytes that one call of `checksum` reads at most
_CHUNK = 1 << 20


class OriginalChanged(OSError):
    """The file is not the one that was asked for any more: another size or another time."""


class Originals:
    """`roots`: where the files of each root lie."""

    def __init__(self, roots: Mapping[str, Path]):
        self._roots = roots

    def stat(self, root: str, path: str) -> tuple[int, int]:
        """(size, mtime in ns) of a regular file. Raises OSError where there is none."""
        with self._opened(root, path) as (_, size, mtime_ns):
            return size, mtime_ns

    def sizes(self, places: Sequence[tuple[str, str]]) -> list[int | None]:
        """The size of each; None for what is not there."""
        return [self._size(root, path) for root, path in places]

    def _size(self, root: str, path: str) -> int | None:
        try:
            return self.stat(root, path)[0]
        except OSError:
            return None

    def read(self, root: str, path: str, start: int, stop: int, expected: tuple[int, int | None]) -> bytes:
        """Bytes `start` to `stop`. Raises OriginalChanged unless it has the (size, mtime in ns; None: any) expected."""
        with self._opened(root, path) as (descriptor, size, mtime_ns):
            if size != expected[0] or expected[1] not in (None, mtime_ns):
                raise OriginalChanged(f"{root}: a file has changed")
            found = os.pread(descriptor, stop - start, start)
        if len(found) != stop - start:
            raise OriginalChanged(f"{root}: a file became shorter")
        return found

    def checksum(self, root: str, path: str, start: int, crc: int) -> tuple[int, int, int, int]:
        """Go on with a CRC-32 from `start`; return (crc, where it stands now, size, mtime in ns of the file)."""
        with self._opened(root, path) as (descriptor, size, mtime_ns):
            stop = min(start + STEP, size)
            os.posix_fadvise(descriptor, start, stop - start, os.POSIX_FADV_WILLNEED)
            while start < stop and (chunk := os.pread(descriptor, min(_CHUNK, stop - start), start)):
                crc, start = zlib.crc32(chunk, crc), start + len(chunk)
            if start < stop:
                raise OriginalChanged(f"{root}: a file became shorter")
            return crc, start, size, mtime_ns

    @contextmanager
    def _opened(self, root: str, path: str) -> Iterator[tuple[int, int, int]]:
        """A descriptor of a regular file, its size and mtime in ns."""
        descriptor = self._open(root, path)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise FileNotFoundError(f"{root}: not a file")
            yield descriptor, status.st_size, status.st_mtime_ns
        finally:
            os.close(descriptor)

    def _open(self, root: str, path: str) -> int:
        """Step by step, because O_NOFOLLOW guards the last step alone. (!) O_NONBLOCK: a FIFO waits for its writer."""
        if root not in self._roots:
            raise FileNotFoundError(f"{root}: no such place")
        *folders, name = path.split("/")
        directory = os.open(self._roots[root], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for folder in folders:
                inner = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=directory)
                os.close(directory)
                directory = inner
            return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory)
        finally:
            os.close(directory)

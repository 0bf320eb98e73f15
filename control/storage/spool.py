"""DIR/spool: what has come of uploads so far. The files are the truth; the database only says whose they are.

    incoming/0000000001            a body that Nginx has written and control has not taken yet
    {upload id}/data               the bytes from the first one on
    {upload id}/part-000001 …      parts; frozen-000001 … once they are being joined
    {upload id}/body-…             a body that is being added
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import time
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path

from control.domain.uploads import Work
from nginx import contract

_SLICE = 8 << 20  # bytes
_BODY = re.compile(r"\d{1,20}")


class Spool:
    def __init__(self, root: Path):
        self.root, self._incoming = root, root / contract.INCOMING

    def __contains__(self, upload: str) -> bool:
        return (self.root / upload).is_dir()

    def place(self, upload: str) -> Path:
        return self.root / upload

    def data(self, upload: str) -> Path:
        return self.root / upload / "data"

    def make(self, upload: str) -> None:
        self.place(upload).mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove(self, upload: str) -> None:
        shutil.rmtree(self.place(upload), ignore_errors=True)

    # --- what comes --------------------------------------------------------------------------------

    def take(self, upload: str, body: str) -> Path | None:
        """Make a body that Nginx has spooled the upload's own; None where there is none."""
        name = os.path.basename(body)
        if not _BODY.fullmatch(name):
            return None
        taken = self.place(upload) / f"body-{uuid.uuid4().hex}"
        try:
            os.rename(self._incoming / name, taken)
        except FileNotFoundError:
            return None
        return taken

    def offset(self, upload: str) -> int:
        """Bytes from the first one on that are there."""
        try:
            return self.data(upload).stat().st_size
        except FileNotFoundError:
            return 0

    def parts(self, upload: str) -> dict[int, int]:
        """Number -> bytes, of the parts that are not joined yet."""
        return self._numbered(upload, "part-")

    def received(self, upload: str) -> int:
        """Bytes that are there, in whatever order they came."""
        return self.offset(upload) + sum(self.parts(upload).values()) + sum(self._numbered(upload, "frozen-").values())

    def put_part(self, upload: str, number: int, body: Path) -> None:
        """In place of one of this number that came before."""
        os.replace(body, self._part(upload, number))

    def drop_part(self, upload: str, number: int) -> None:
        self._part(upload, number).unlink(missing_ok=True)

    def append(self, upload: str, body: Path, work: Work) -> None:
        """Add a body to the data and remove it."""
        data = self.data(upload)
        if data.exists():
            _add(data, body, work)
            body.unlink()
        else:
            os.rename(body, data)

    def adopt(self, upload: str, other: str, number: int) -> None:
        """The data of another upload become a part of this one."""
        os.rename(self.data(other), self._part(upload, number))

    def join(self, upload: str, size: int, work: Work) -> None:
        """Make one file of `size` bytes of all parts, each removed once it is in; goes on after a kill."""
        self._freeze(upload)
        frozen = self._numbered(upload, "frozen-")
        data, start = self.data(upload), size - sum(frozen.values())
        for number, length in frozen.items():
            part = self.place(upload) / f"frozen-{number:06d}"
            if start == 0:
                os.rename(part, data)
            else:
                os.truncate(data, start)
                _add(data, part, work)
                part.unlink()
            start += length

    def _freeze(self, upload: str) -> None:
        """From here on a part that comes late is not taken for one of these."""
        done = self.place(upload) / "frozen"
        if not done.exists():
            for number in self.parts(upload):
                os.rename(self._part(upload, number), self.place(upload) / f"frozen-{number:06d}")
            done.touch()

    def _part(self, upload: str, number: int) -> Path:
        return self.place(upload) / f"part-{number:06d}"

    def _numbered(self, upload: str, prefix: str) -> dict[int, int]:
        named = (entry for entry in self._entries(upload) if entry.name.startswith(prefix))
        return dict(sorted((int(entry.name[len(prefix) :]), entry.stat().st_size) for entry in named))

    def _entries(self, upload: str) -> list[os.DirEntry]:
        try:
            return list(os.scandir(self.place(upload)))
        except FileNotFoundError:
            return []

    # --- whole files -------------------------------------------------------------------------------

    def digests(self, path: Path, work: Work) -> tuple[bytes, int]:
        """(SHA-256, CRC-32) of a file, in one pass."""
        sha256, crc32, buffer = hashlib.sha256(), 0, bytearray(1 << 20)
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                piece = memoryview(buffer)[:count]
                sha256.update(piece)
                crc32 = zlib.crc32(piece, crc32)
                work.advance(count)
        return sha256.digest(), crc32

    def digest(self, path: Path, algorithm: str) -> bytes:
        with path.open("rb") as file:
            return hashlib.file_digest(file, algorithm).digest()

    def head(self, path: Path, count: int = 4096) -> bytes:
        with path.open("rb") as file:
            return file.read(count)

    def move(self, source: Path, target: Path) -> None:
        """Rename, durably; between disks copy first, so that the target is whole or not there."""
        target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        os.chmod(source, 0o640)
        _sync(source)
        try:
            os.rename(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy_over(source, target)
        _sync(target.parent)

    # --- what is left behind -----------------------------------------------------------------------

    def uploads(self, older_than: float) -> list[str]:
        """Uploads that have a directory here, made or written to more than so many seconds ago."""
        return [path.name for path in self._old(self.root, older_than) if path.name != contract.INCOMING]

    def sweep_incoming(self, older_than: float) -> int:
        """Remove bodies that nobody has written to or taken for so many seconds; return how many."""
        orphans = list(self._old(self._incoming, older_than))
        for orphan in orphans:
            orphan.unlink(missing_ok=True)
        return len(orphans)

    def _old(self, directory: Path, seconds: float) -> Iterator[Path]:
        for path in directory.iterdir() if directory.is_dir() else ():
            try:
                if time.time() - path.stat().st_mtime > seconds:
                    yield path
            except FileNotFoundError:
                continue


def _add(data: Path, body: Path, work: Work) -> None:
    with data.open("r+b", buffering=0) as target, body.open("rb", buffering=0) as source:
        offset, left = data.stat().st_size, body.stat().st_size
        while left:
            copied = _copy(source.fileno(), target.fileno(), min(left, _SLICE), offset)
            offset, left = offset + copied, left - copied
            work.advance(copied)


def _copy(source: int, target: int, count: int, offset: int) -> int:
    """copy_file_range(2), or the plain way where the file system has none."""
    try:
        copied = os.copy_file_range(source, target, count, None, offset)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        copied = os.pwrite(target, os.read(source, count), offset)
    if not copied:
        raise OSError(errno.EIO, "the body has ended early")
    return copied


def _copy_over(source: Path, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(source, part)
        os.chmod(part, 0o640)
        _sync(part)
        os.rename(part, target)
    finally:
        part.unlink(missing_ok=True)
    source.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

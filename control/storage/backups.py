"""A directory of backups: every content once, by its SHA-256, and a manifest for each snapshot.

======================================= =======================================================================
``sluice-backups``                      says that this directory is one, so that none is made in a wrong place
``objects/ab/cdef…``                    a content, read-only
``snapshots/{id}.json.gz``              a :class:`Snapshot`; written last, so one that is there is whole
======================================= =======================================================================
"""

from __future__ import annotations

import contextlib
import fcntl
import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from control.domain.backups import Entry, Snapshot

_MARK = "sluice-backups"
_CHUNK = 1 << 20


class NoBackup(ValueError):
    """What was asked for is not there, or is damaged; the text says what."""


class Repository:
    def __init__(self, root: Path):
        self._root, self._objects, self._snapshots = root, root / "objects", root / "snapshots"

    def prepare(self) -> None:
        """Make it. Raises NoBackup for a directory with other things in it."""
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not (self._root / _MARK).exists() and any(self._root.iterdir()):
            raise NoBackup(f"{self._root} holds other things: name an empty directory, or one of earlier backups.")
        for directory in (self._objects, self._snapshots):
            directory.mkdir(mode=0o700, exist_ok=True)
        (self._root / _MARK).touch(mode=0o600)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time. Raises NoBackup while there is another one."""
        with (self._root / _MARK).open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise NoBackup("Another backup is being written there: wait for its end.") from None
            yield

    # --- contents -------------------------------------------------------------------------------------

    def keep(self, source: Path, advance: Callable[[int], None]) -> tuple[str, os.stat_result]:
        """Store the content of a file; return its hash and what it was like. Raises OSError for one that changes."""
        with source.open("rb") as file, tempfile.NamedTemporaryFile(dir=self._objects, delete=False) as copy:
            try:
                before, digest = os.fstat(file.fileno()), _copy(file, copy, advance)
                after = os.fstat(file.fileno())
                if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                    raise OSError(f"{source} changed while it was read")
                self._put(Path(copy.name), digest)
            finally:
                Path(copy.name).unlink(missing_ok=True)
        return digest, after

    def _put(self, copy: Path, digest: str) -> None:
        place = self._place(digest)
        if not place.exists():
            place.parent.mkdir(mode=0o700, exist_ok=True)
            copy.chmod(0o400)
            os.link(copy, place)

    def has(self, digest: str) -> bool:
        return self._place(digest).exists()

    def write_to(self, target: Path, entry: Entry, advance: Callable[[int], None]) -> None:
        """Write a content as the file that it was, whole or not at all. Raises NoBackup for a damaged one."""
        target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".restore-", delete=False) as copy:
            try:
                with self._place(entry.sha256).open("rb") as file:
                    digest = _copy(file, copy, advance)
                if digest != entry.sha256:
                    raise NoBackup(f"{entry.path} is damaged in the backup.")
                os.fchmod(copy.fileno(), entry.mode)
                os.utime(copy.fileno(), ns=(entry.mtime_ns, entry.mtime_ns))
                os.link(copy.name, target)  # never in another file's place
            except FileNotFoundError:
                raise NoBackup(f"{entry.path} is missing in the backup.") from None
            finally:
                Path(copy.name).unlink(missing_ok=True)

    def damaged(self, digest: str, advance: Callable[[int], None]) -> bool:
        try:
            with self._place(digest).open("rb") as file, Path(os.devnull).open("wb") as nowhere:
                return _copy(file, nowhere, advance) != digest
        except OSError:
            return True

    def _place(self, digest: str) -> Path:
        return self._objects / digest[:2] / digest[2:]

    # --- snapshots ------------------------------------------------------------------------------------

    def ids(self) -> list[str]:
        """The oldest first."""
        return sorted(path.name.removesuffix(".json.gz") for path in self._snapshots.glob("*.json.gz"))

    def read(self, snapshot: str) -> Snapshot:
        """Raises NoBackup."""
        try:
            with gzip.open(self._snapshots / f"{snapshot}.json.gz", "rt") as file:
                found = json.load(file)
            files, database = [Entry(**entry) for entry in found.pop("files")], Entry(**found.pop("database"))
            return Snapshot(
                **found | {"made_at": datetime.fromisoformat(found["made_at"])}, files=files, database=database
            )
        except FileNotFoundError:
            raise NoBackup(f"There is no snapshot {snapshot} in {self._root}.") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoBackup(f"The snapshot {snapshot} is damaged: {error}") from None

    def write(self, snapshot: Snapshot) -> None:
        """The contents come to the disk first: a snapshot that is there can be restored."""
        os.sync()
        with tempfile.NamedTemporaryFile(dir=self._snapshots, delete=False) as whole:
            with gzip.open(whole, "wt") as file:
                json.dump(asdict(snapshot), file, default=str)
            whole.flush()
            os.fsync(whole.fileno())
        os.replace(whole.name, self._snapshots / f"{snapshot.id}.json.gz")

    def prune(self, keep: int) -> int:
        """Remove all snapshots but the newest `keep`, then what none of those needs; return how many contents went."""
        for old in self.ids()[:-keep]:
            (self._snapshots / f"{old}.json.gz").unlink()
        needed = {entry.sha256 for one in self.ids() for entry in self._entries(one)}
        gone = [path for path in self._objects.glob("*/*") if path.parent.name + path.name not in needed]
        for path in gone:
            path.unlink()
        return len(gone)

    def _entries(self, snapshot: str) -> list[Entry]:
        found = self.read(snapshot)
        return [found.database, *found.files]


def _copy(file, copy, advance: Callable[[int], None]) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        copy.write(chunk)
        advance(len(chunk))
    copy.flush()
    return digest.hexdigest()

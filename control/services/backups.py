"""Backups: everything that cannot be made again, as it was at one moment."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from control.domain.backups import PLACES, SINGLE_FILES, Entry, Snapshot
from control.errors import BadRequest
from control.services.stored_vault import PLACE, StoredVault
from control.vault.objects import Objects

DATABASE = "database.dump"
TRIES = 5


def _ignore(count: int) -> None:
    pass


class Backups:
    """`repository` keeps them, `dump(file)` writes the database into a file, `keys()` changes with any media key.

    `bucket` is the vault where it is none of DIR's places.
    """

    def __init__(self, data: Path, repository, dump: Callable[[Path], None], keys: Callable[[], str], version: str,
                 bucket: Objects | None = None):  # fmt: skip
        self._data, self._repository, self._dump, self._keys, self._version = data, repository, dump, keys, version
        self._bucket = bucket

    def make(self, advance: Callable[[int], None] = _ignore) -> Snapshot:
        """Write a snapshot; what an earlier one holds already is not read again. `advance(bytes)` tells how far it is.

        The database comes first: a file that it does not know yet does no harm, one that it misses would. A media that
        is written anew under another key meanwhile (`key reencrypt`) has both of them taken once more.
        """
        known = self._known()
        for _ in range(TRIES):
            before = self._keys()
            database = self._database(advance)
            files, skipped = self._files(known, advance)
            if self._keys() == before:
                break
            known |= {(entry.path, entry.size, entry.mtime_ns): entry.sha256 for entry in files}
        now = datetime.now(UTC)
        snapshot = Snapshot(now.strftime("%Y-%m-%dT%H-%M-%S-%fZ"), now, self._version, database, files, skipped)
        self._repository.write(snapshot)
        return snapshot

    def _database(self, advance: Callable[[int], None]) -> Entry:
        with tempfile.TemporaryDirectory(dir=self._data) as place:
            file = Path(place) / DATABASE
            self._dump(file)
            digest, found = self._repository.keep(file, advance)
        return Entry(DATABASE, digest, found.st_size, found.st_mtime_ns, 0o600)

    def _known(self) -> dict[tuple[str, int, int], str]:
        ids = self._repository.ids()
        files = self._repository.read(ids[-1]).files if ids else []
        return {(entry.path, entry.size, entry.mtime_ns): entry.sha256 for entry in files}

    def _files(self, known: dict, advance: Callable[[int], None]) -> tuple[list[Entry], list[str]]:
        files, skipped = [], []
        for path in self._walk():
            try:
                files.append(self._entry(path, known, advance))
            except OSError:
                skipped.append(self._name(path))
        for found in self._stored(advance):
            (skipped if isinstance(found, str) else files).append(found)
        return files, skipped

    def _stored(self, advance: Callable[[int], None]) -> Iterator[Entry | str]:
        if self._bucket is not None:
            yield from StoredVault(self._bucket, self._repository, time.time_ns(), advance).entries()

    def _entry(self, path: Path, known: dict, advance: Callable[[int], None]) -> Entry:
        name, found = self._name(path), path.lstat()
        digest = known.get((name, found.st_size, found.st_mtime_ns))
        if digest is None or not self._repository.has(digest):
            digest, found = self._repository.keep(path, advance)
        return Entry(name, digest, found.st_size, found.st_mtime_ns, found.st_mode & 0o777)

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._data))

    def _walk(self) -> Iterator[Path]:
        for name in SINGLE_FILES:
            if (self._data / name).is_file():
                yield self._data / name
        for place in PLACES if self._bucket is None else (name for name in PLACES if name != PLACE):
            for directory, _, names in os.walk(self._data / place):
                yield from (path for path in (Path(directory) / name for name in sorted(names)) if _plain(path))

    # --- bringing it back -----------------------------------------------------------------------------

    def restore(self, snapshot: Snapshot, advance: Callable[[int], None] = _ignore) -> int:
        """Write every file of `snapshot` that is missing; return how many those were.

        Nothing is removed or replaced. Raises BadRequest, before anything is written, where other files are in the way.
        """
        missing = [entry for entry in snapshot.files if not os.path.lexists(self._data / entry.path)]
        absent = {entry.path for entry in missing}
        others = [entry.path for entry in snapshot.files if entry.path not in absent and not self._same(entry)]
        if others:
            shown = ", ".join(others[:5])
            raise BadRequest(
                f"{len(others)} files are there already with another content ({shown}). Nothing was written: "
                "restore into an empty directory, or move these away first."
            )
        for entry in missing:
            self._repository.write_to(self._data / entry.path, entry, advance)
        return len(missing)

    def restore_database(self, snapshot: Snapshot, target: Path) -> None:
        """Write the database's file."""
        self._repository.write_to(target, snapshot.database, _ignore)

    def _same(self, entry: Entry) -> bool:
        path = self._data / entry.path
        return _plain(path) and path.stat().st_size == entry.size and _digest(path) == entry.sha256


def _plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Directories for the plaintext of a job, in RAM where there is room. What a killed processor left is removed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from control.settings.paths import Paths
from processor.turns import locked

_LOCK = "lock"


class Scratch:
    """One processor's own place, locked for as long as it lives: several may share one machine and one DIR."""

    def __init__(self, paths: Paths):
        self._directories = paths.scratch_directories
        self.tidy()
        paths.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.parent, self._lock = _own_place(paths.scratch)

    @contextmanager
    def directory(self) -> Iterator[Path]:
        """For one job; gone afterwards."""
        scratch = Path(tempfile.mkdtemp(prefix="job-", dir=self.parent))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what a processor has left that died just now."""
        for directory in self._directories:
            remove_abandoned(directory)


def remove_abandoned(directory: Path) -> None:
    """What lies there without a living owner is plaintext that nobody needs."""
    for place in directory.iterdir() if directory.is_dir() else ():
        lock = locked(place / _LOCK) if place.is_dir() else None
        if lock is not None:
            shutil.rmtree(place, ignore_errors=True)
            os.close(lock)


def _own_place(directory: Path) -> tuple[Path, int]:
    """A new one, with its lock; once more where another processor that is starting took it for abandoned."""
    while True:
        place = Path(tempfile.mkdtemp(prefix="processor-", dir=directory))
        lock = locked(place / _LOCK)
        if lock is not None:
            return place, lock

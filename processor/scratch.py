"""Directories for the plaintext of a job, in RAM where there is room. What a killed processor left is removed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from control.settings import Paths

_LOCK = "lock"


class Scratch:
    """One processor's own place, locked for as long as it lives: several may share one machine and one DIR."""

    def __init__(self, paths: Paths):
        for directory in paths.scratch_directories:
            remove_abandoned(directory)
        paths.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.parent = Path(tempfile.mkdtemp(prefix="processor-", dir=paths.scratch))
        self._lock = _locked(self.parent)

    @contextmanager
    def directory(self) -> Iterator[Path]:
        """For one job; gone afterwards."""
        scratch = Path(tempfile.mkdtemp(prefix="job-", dir=self.parent))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def remove_abandoned(directory: Path) -> None:
    """What lies there without a living owner is plaintext that nobody needs."""
    for place in directory.iterdir() if directory.is_dir() else ():
        lock = _locked(place)
        if lock is not None:
            shutil.rmtree(place, ignore_errors=True)
            os.close(lock)


def _locked(place: Path) -> int | None:
    """A descriptor that holds the place's lock, or None where somebody else does (flock(2))."""
    descriptor = os.open(place / _LOCK, os.O_CREAT | os.O_RDWR, 0o600) if place.is_dir() else -1
    if descriptor < 0:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor

"""One processor at a time works on a media, whatever the queue says: one that slept is not dead, and wakes up again."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOOK_SECONDS = 0.5


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Wait until nobody else holds the lock file `path`, and hold it; it ends with its holder (flock(2))."""
    while (descriptor := locked(path)) is None:
        time.sleep(_LOOK_SECONDS)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def locked(path: Path) -> int | None:
    """A descriptor that holds a lock file, made where there is none; None where somebody else holds or removes it."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(path.stat(), os.fstat(descriptor)):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None

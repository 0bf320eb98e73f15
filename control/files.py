"""Writing files that are either whole or not there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_secret(path: Path, content: str | bytes) -> None:
    """Write `path` (0600) atomically and durably; a crash leaves the old file or none."""
    write_whole(path, content, 0o600)


def write_whole(path: Path, content: str | bytes, mode: int) -> None:
    """Write `path` with `mode` atomically and durably."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write_durably(path: Path, content: bytes) -> None:
    """Write a file that Nginx may read (0640), atomically and durably."""
    write_whole(path, content, 0o640)


def sync_directory(path: Path) -> None:
    """Make the names in it last."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Nginx's own log, asked for one request."""

from __future__ import annotations

import json
import mmap
from pathlib import Path

LATEST_BYTES = 64 << 20  # how far back it is searched: a request of today, and no minute of waiting


def find(path: Path, request: str) -> list[dict]:
    """The log's entries for a request id, the oldest first; empty where the log has none (any more)."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
            return list(_entries(log, f'"request":"{request}"'.encode()))
    except (OSError, ValueError):  # there is no log yet, or it is empty
        return []


def _entries(log: mmap.mmap, sign: bytes):
    position = max(0, len(log) - LATEST_BYTES)
    while (found := log.find(sign, position)) >= 0:
        start, end = log.rfind(b"\n", 0, found) + 1, log.find(b"\n", found)
        position = end if end >= 0 else len(log)
        # Nginx writes bytes that are no UTF-8 (of a path, of a User-Agent) as they came.
        yield json.loads(log[start:position].decode("utf-8", "replace"))

"""Nginx's own log: the files that it consists of, and one request in it.

A file is known by the first request id in it, whatever becomes of it: renamed, it is the same file; copied, the copy
is; cut off, it is a new one.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LATEST_BYTES = 64 << 20  # how far back it is searched: a request of today, and no minute of waiting
NAME = "access.log"
HEAD_BYTES = 16 << 10  # in which the first request id stands

# What a line may leave out, because it would be empty (nginx/templates/snippets/log-format.conf.j2).
UNSAID = {"range": "", "place": "", "target": "", "verdict": "", "ticket": "", "control": ""}

_FIRST_REQUEST = re.compile(rb'"request":"([0-9a-f]{32})"')  # quotes within a value are escaped


@dataclass(frozen=True, slots=True)
class LogFile:
    path: Path
    name: str  # the first request id in it
    size: int  # bytes

    @property
    def live(self) -> bool:
        """Whether Nginx writes to it."""
        return self.path.name == NAME


def files(directory: Path) -> list[LogFile]:
    """The log's files that hold a request at least, the oldest first; of a file and its copy the longer one."""
    found: dict[str, LogFile] = {}
    for path in sorted(directory.glob(NAME + "*"), key=_changed_at):
        file = _log_file(path)
        if file and (file.name not in found or found[file.name].size < file.size):
            found[file.name] = file
    return list(found.values())


def read(file: LogFile, position: int, limit: int) -> bytes | None:
    """Whole lines from `position` on, `limit` bytes at most; None where the file is another one by now.

    A line that is longer than `limit` is none of Nginx's: it comes as it is, without its end.
    """
    try:
        with file.path.open("rb") as log:
            log.seek(position)
            chunk = log.read(limit)
            log.seek(0)
            if first_request(log.read(HEAD_BYTES)) != file.name:  # asked afterwards: it may be cut off at any moment
                return None
    except FileNotFoundError:
        return None
    whole = chunk[: chunk.rfind(b"\n") + 1]
    return chunk if len(chunk) == limit and not whole else whole


def line_at(file: LogFile, position: int) -> dict | None:
    """The entry that begins there, if there is one."""
    line = (read(file, position, HEAD_BYTES) or b"").partition(b"\n")[0]
    try:
        return UNSAID | json.loads(line.decode("utf-8", "replace"))
    except (ValueError, TypeError):
        return None


def first_request(head: bytes) -> str | None:
    """What a file that begins with `head` is known by."""
    found = _FIRST_REQUEST.search(head)
    return found and found[1].decode()


def _log_file(path: Path) -> LogFile | None:
    try:
        with path.open("rb") as log:
            name, size = first_request(log.read(HEAD_BYTES)), log.seek(0, 2)
            log.seek(0)
            unchanged = first_request(log.read(HEAD_BYTES)) == name  # not cut off before its size was asked
            return LogFile(path, name, size) if name and unchanged else None
    except FileNotFoundError:  # renamed or removed meanwhile
        return None


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0


def find(path: Path, request: str) -> list[dict]:
    """The log's entries for a request id, the oldest first; empty where the log has none (any more).

    A file that was rotated a moment ago is searched too.
    """
    rotated = sorted(path.parent.glob(path.name + ".*"), key=_changed_at)[-1:]
    return [entry for file in [*rotated, path] for entry in _find(file, f'"request":"{request}"'.encode())]


def _find(path: Path, sign: bytes) -> list[dict]:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
            return list(_entries(log, sign))
    except (OSError, ValueError):  # there is no log yet, or it is empty
        return []


def _entries(log: mmap.mmap, sign: bytes) -> Iterator[dict]:
    position = max(0, len(log) - LATEST_BYTES)
    while (found := log.find(sign, position)) >= 0:
        start, end = log.rfind(b"\n", 0, found) + 1, log.find(b"\n", found)
        position = end if end >= 0 else len(log)
        # Nginx writes bytes that are no UTF-8 (of a path, of a User-Agent) as they came.
        yield UNSAID | json.loads(log[start:position].decode("utf-8", "replace"))

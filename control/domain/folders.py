"""Folders of the library: bytes where they lie on a mount, text in addresses and on pages."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

ROOT = "/"  # where browsing begins, in an address


@dataclass(frozen=True, slots=True)
class Folder:
    path: str  # as addresses write it: "Trips/2026"; what is no UTF-8 as \xff, a backslash as two
    items: int  # that one may see, in it and below it
    more: bool = False  # there are more than that

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


def readable(path: bytes) -> str:
    """A path of a file system for people: bytes that are no UTF-8 become question marks."""
    return os.fsdecode(path).encode("utf-8", "replace").decode()


def shelf_of(path: str) -> bytes:
    """The prefix of all that lies in a folder and below it; b"" at the top."""
    path = path.strip("/")
    return _bytes(path) + b"/" if path else b""


def path_of(shelf: bytes) -> str:
    """The inverse of shelf_of."""
    return shelf.removesuffix(b"/").replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")


def _bytes(path: str) -> bytes:
    parts = re.split(r"(\\\\|\\x[0-9a-f]{2})", path)
    return b"".join(_escaped(part) if number % 2 else part.encode() for number, part in enumerate(parts))


def _escaped(part: str) -> bytes:
    return b"\\" if part == r"\\" else bytes.fromhex(part[2:])


def trail(path: str) -> list[tuple[str, str]]:
    """(name, path) of a folder and all above it, from the top; none for the top itself."""
    parts = [part for part in path.strip("/").split("/") if part]
    return [(part, "/".join(parts[: number + 1])) for number, part in enumerate(parts)]

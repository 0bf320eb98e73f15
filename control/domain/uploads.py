"""Uploads: what a client announces, how far it has come, and which names are names at all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import unquote

from control.domain.media import Visibility
from nginx import contract

Plane = Literal["parts", "tus"]
UploadRole = Literal["whole", "partial"]  # a partial one becomes a file only together with others (tus concatenation)
UploadState = Literal["receiving", "finishing", "completed", "refused"]

LONGEST_NAME = 255  # characters
LONGEST_FOLDER = 1000
LARGEST_NUMBER = 100_000  # of a part

# Ends of a session that do not end what it has begun to upload: nobody meant the upload by them.
HARMLESS_ENDS = ("signed out", "replaced by a new sign-in", "ended for a new device")

_DRIVE = re.compile(r"^[A-Za-z]:([\\/]|$)")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # control and bidi characters


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client announces."""

    name: str
    size: int  # bytes
    part_bytes: int = 0  # the largest body that comes at once; 0: all of it
    folder: str = ""
    sha256: bytes | None = None
    vault: bool = False  # treated as an import: its original goes where imports.originals says
    visibility: Visibility | None = None  # None: the setting
    plane: Plane = "parts"
    role: UploadRole = "whole"


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. Its id is the right to go on with it, for as long as nobody has `ended` what it began with."""

    id: str
    owner_id: str
    owner_name: str
    plane: Plane
    role: UploadRole
    name: str
    folder: str
    size: int  # bytes
    part_bytes: int
    sha256: bytes | None
    vault: bool
    visibility: Visibility
    state: UploadState
    percent: float  # of joining and hashing
    error_code: str | None
    error: str | None
    media_id: str  # of the media that it becomes
    created_at: datetime
    expires_at: datetime
    session_id: str | None = None
    token_id: str | None = None
    share_id: str | None = None
    ended: bool = False  # an administrator ended the session, revoked the token or switched the user off

    @property
    def stored(self) -> str:
        """Where its file goes, below DIR/files."""
        return contract.stored_path(self.owner_id, self.created_at.date(), self.media_id)

    @property
    def key(self) -> str:
        """How clients name the file that it becomes (Media.key)."""
        return f"media/{self.media_id}" if self.vault else self.stored


@dataclass(frozen=True, slots=True)
class Quota:
    """Bytes of one user. A `limit` of 0 is none."""

    used: int
    reserved: int
    limit: int


class Stopped(Exception):
    """Somebody else goes on with the work."""


@dataclass
class Work:
    """How far a long piece of work has come; whoever waits for it may look, and stop it."""

    total: int = 0  # bytes
    done: int = 0
    stop: bool = False

    @property
    def percent(self) -> float:
        return min(100.0, self.done * 100 / self.total) if self.total else 0.0

    def advance(self, count: int) -> None:
        """Raises Stopped."""
        self.done += count
        if self.stop:
            raise Stopped


def file_name(given: str) -> str:
    """The base name that a file is shown by; it is data, and kept as it came. Raises ValueError."""
    _check(given, LONGEST_FOLDER)
    name = re.split(r"[\\/]", given)[-1]
    if not _UNSEEN.sub("", name).strip(". ") or len(name) > LONGEST_NAME:
        raise ValueError(f"a file has a name of 1 to {LONGEST_NAME} characters")
    return name


def folder_name(given: str) -> str:
    """The folder that people see, "Trips/2026". Raises ValueError."""
    _check(given, LONGEST_FOLDER)
    segments = [_UNSEEN.sub("", segment).strip() for segment in re.split(r"[\\/]", given)]
    return "/".join(segment for segment in segments if segment not in ("", "."))


def _check(given: str, longest: int) -> None:
    plain = unquote(given)
    if "\0" in plain or any("\ud800" <= character <= "\udfff" for character in given):
        raise ValueError("a NUL, or half a character, is in it")
    if any(".." in re.split(r"[\\/]", text) for text in (given, plain)):
        raise ValueError(".. is in it")
    if any(text.startswith(("/", "\\")) or _DRIVE.match(text) for text in (given, plain)):
        raise ValueError("it is an absolute path")
    if len(given) > longest:
        raise ValueError(f"it has more than {longest} characters")

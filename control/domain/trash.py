"""The trash: what is in it, and what is left of what has gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from control.domain.media import Media


@dataclass(frozen=True, slots=True)
class Trashed:
    """A media in the trash."""

    media: Media
    at: datetime
    by: str  # user name; empty for the operator's command, and for users that are gone
    owner: str  # user name; empty for nobody's


@dataclass(frozen=True, slots=True)
class Contents:
    """How much is in the trash of one user, or of everybody."""

    items: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Remains:
    """What is still on the disks of a media that is gone for good."""

    id: str
    name: str
    stored: str | None  # below DIR/files, of an uploaded original
    path: bytes | None  # below DIR/imports, of a file that was to be imported ...
    inode: int | None  # ... and which one that was
    mtime_ns: int | None

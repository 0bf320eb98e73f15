"""What could not be used, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was refused. One that a virus scanner has turned away is no media, and cannot be tried again."""

    id: str  # of the media, and of its directory in quarantine/
    name: str
    kind: str
    size: int | None  # bytes
    source: str
    state: str
    at: datetime | None
    owner: str | None
    code: str | None
    reason: str | None
    in_library: bool
    in_place: bool = False  # an upload, whose file stays among the uploads
    has_file: bool = False  # it lies in quarantine/ and can be downloaded

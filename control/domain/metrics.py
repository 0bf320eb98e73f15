"""What the database knows for /metrics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Jobs:
    """Of one kind of media, in one state ("waiting", "running")."""

    kind: str
    state: str
    jobs: int
    oldest_seconds: float  # since the file of the oldest one was found


@dataclass(frozen=True, slots=True)
class Items:
    """How many media of one kind are in one state."""

    kind: str
    state: str
    items: int


@dataclass(frozen=True, slots=True)
class Delivered:
    """Since midnight (UTC), by kind (domain.insight)."""

    kind: str
    deliveries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Failed:
    """Answers of Nginx with an error since midnight (UTC), by kind (domain.insight) and status."""

    kind: str
    status: int
    errors: int


@dataclass(frozen=True, slots=True)
class Known:
    jobs: list[Jobs]
    items: list[Items]
    delivered: list[Delivered]
    failed: list[Failed]
    uploads: int  # under way
    upload_bytes: int  # that they will have when they are whole
    lines: int  # of Nginx's log that were taken up
    bad_lines: int
    lanes: int  # of processors that were heard of lately
    mounts: dict[str, bool]  # name -> whether it is away

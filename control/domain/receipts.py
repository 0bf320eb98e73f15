"""Receipts: what Nginx's log says was really delivered."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

LOCAL = "local"  # the source whose log this machine's Nginx writes

# What was delivered, by its address.
KINDS = {
    "segment": "a segment of a film, a song or subtitles",
    "playlist": "a playlist of theirs",
    "key": "a content key",
    "picture": "an encrypted picture",
    "still": "a thumbnail, preview or other small picture",
    "original": "an original, to somebody who had signed in",
    "link": "an original, by a /d link",
    "stream": "an original, by a /stream link",
    "get": "an original, by a /get link",
    "zip": "an archive",
    "share": "something of a share",
}

# A file as it came: what people call a download.
DOWNLOADS = ("original", "link", "stream", "get", "share")


class Receipt(NamedTuple):
    """A row of `receipts`, with its columns in their order. Tuples, because a busy server makes thousands a second."""

    at: datetime
    request: str
    user_id: str | None
    grant_id: str | None
    ticket: str | None
    media_id: str | None
    kind: str
    rung: str | None
    segment: int | None
    range_start: int
    range_end: int  # one behind the last byte that left
    size: int | None
    bytes: int
    status: int
    complete: bool
    seconds: float
    address: str | None
    agent: str


class Delivery(NamedTuple):
    """A receipt, and what stands in no column of it: where the mounted file lies, the item that its ticket names."""

    receipt: Receipt
    mounted: tuple[str, str] | None = None  # mount, path below it
    item: str | None = None


class Beat(NamedTuple):
    """A page has told where its player is: whoever watches is still there."""

    at: datetime
    user_id: str
    media_id: str
    after: int  # so many deliveries of its batch


@dataclass(frozen=True, slots=True)
class Aside:
    """What lines tell that are no deliveries; `hour` counts from the epoch."""

    errors: Counter[tuple[int, str, int]] = field(default_factory=Counter)  # (hour, area, status)
    arrived: Counter[tuple[int, str]] = field(default_factory=Counter)  # (hour, kind): uploads and sign-ins
    arrived_bytes: Counter[tuple[int, str]] = field(default_factory=Counter)
    beats: list[Beat] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """What whole lines of a log say."""

    deliveries: list[Delivery] = field(default_factory=list)
    lines: int = 0
    bad_lines: int = 0
    aside: Aside = field(default_factory=Aside)


@dataclass(frozen=True, slots=True)
class Position:
    """How far one file of a log has been read."""

    source: str
    file: str
    position: int  # bytes
    lines: int
    bad_lines: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Downloads:
    """What has been delivered of a media's original."""

    media_id: str
    whole: int  # answers that brought all of it
    bytes: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Covered:
    """What a ticket's item has left of its bytes."""

    ticket: str
    item: str
    size: int
    covered: int
    completed_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    rows: int

"""How the server is: its parts, and what needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Level = Literal["well", "warned", "bad"]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that must work. `facts` are label -> text."""

    name: str
    level: Level
    says: str
    version: str = ""
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Concern:
    """What somebody has to do something about, and where."""

    level: Level
    title: str
    says: str
    href: str


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    version: str
    now: datetime
    connections: int  # of all clients of the server
    most_connections: int
    bytes: int  # of this database


@dataclass(frozen=True, slots=True)
class Tables:
    """How the database's version differs from this program's: migrations that it has not had (`missing`: nobody has
    called `sluice migrate`), and such as are not known here (`newer`: another host is a version ahead)."""

    missing: list[str]
    newer: list[str]


@dataclass(frozen=True, slots=True)
class PoolUse:
    """Connections of one process to Postgres, and how many requests wait for one."""

    busy: int
    idle: int
    waiting: int


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """Of the processors: each has several lanes, each lane is heard of every few seconds."""

    lanes: int
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class QueueFacts:
    running: int
    waiting: int
    paused: int
    oldest_at: datetime | None  # of what waits


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system, and which of our directories lie on it."""

    holds: tuple[str, ...]
    total: int
    free: int  # bytes that we may use

    @property
    def used_percent(self) -> float:
        return 100 * (self.total - self.free) / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of something is kept."""

    name: str
    files: int
    bytes: int

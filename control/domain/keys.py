"""Keys as administrators see them: how old they are, what they open, and whether new ones are being made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from control.domain.queue import Chore


@dataclass(frozen=True, slots=True)
class MasterVersion:
    version: int
    made_at: datetime
    wraps: int  # media keys
    current: bool


@dataclass(frozen=True, slots=True)
class MasterStatus:
    """The master keys, the newest first. `to_wrap` media keys are still under older ones."""

    versions: list[MasterVersion]
    to_wrap: int
    rotation_days: int
    due_at: datetime
    chore: Chore | None

    @property
    def current(self) -> MasterVersion:
        return self.versions[0]

    @property
    def wrapped(self) -> int:
        return self.current.wraps


@dataclass(frozen=True, slots=True)
class LinkKey:
    id: str
    signs: bool  # one does; the one before it is still accepted
    made_at: datetime | None  # None: with the installation


@dataclass(frozen=True, slots=True)
class LinkStatus:
    keys: list[LinkKey]
    chore: Chore | None

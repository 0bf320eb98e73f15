"""Device sessions, and the principal that a request stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from control.domain.users import Role


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `anonymous` is a principal too: it just may do little."""

    kind: Literal["anonymous", "session", "portable"]
    user_id: str | None = None
    username: str = ""
    full_name: str = ""
    role: Role = "guest"
    session_id: str | None = None

    @property
    def name(self) -> str:
        """How logs and receipts name it."""
        return self.username or self.kind


ANONYMOUS = Principal("anonymous")


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in device. `ended` sessions answer AUTH_004."""

    id: str
    principal: Principal  # made once: it stands for every request of the session
    expires_at: datetime
    last_activity_at: datetime
    ended: bool = False


@dataclass(frozen=True, slots=True)
class DeviceSession:
    """A live session as its owner sees it in the list of devices."""

    id: str
    user_id: str
    username: str
    device_name: str
    device_type: str
    address: str
    created_at: datetime
    last_activity_at: datetime


@dataclass(frozen=True, slots=True)
class Device:
    """What a sign-in says about the device it comes from."""

    id: str
    name: str
    kind: str  # desktop | phone | tablet | tv | script
    address: str
    user_agent: str

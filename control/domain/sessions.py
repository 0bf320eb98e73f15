"""Device sessions, and the principal that a request stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from control.domain.shares import Share
from control.domain.users import Role

# How a session was opened. Those that no person signed in to at a keyboard do not count against the device limit.
SessionKind = Literal["password", "basic", "external"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `anonymous` is a principal too: it just may do little."""

    kind: Literal["anonymous", "session", "token", "portable", "share"]
    user_id: str | None = None
    username: str = ""
    full_name: str = ""
    role: Role = "guest"
    session_id: str | None = None
    token_id: str | None = None  # of a service token
    scopes: frozenset[str] = frozenset()
    share: Share | None = None  # that a visitor has the code of
    visit_id: str | None = None
    max_streams: int | None = None  # of the user at once; 0: no limit, None: what the settings say
    unlocked: bool = False  # the share has no password, or the visit has given it

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
    """A live session (or portable grant) as its owner sees it in the list of devices."""

    id: str
    user_id: str
    username: str
    device_name: str
    device_type: str
    address: str
    created_at: datetime
    last_activity_at: datetime
    kind: str = "password"  # how it was opened: password | basic | external | portable


@dataclass(frozen=True, slots=True)
class Device:
    """What a request says about the device it comes from."""

    id: str  # 32 hex digits, kept in the device cookie
    name: str
    kind: str  # desktop | phone | tablet | tv | script
    address: str
    user_agent: str
    proven: bool = False  # the id came with the request's cookie, and was not made up just now

    @property
    def family(self) -> str:
        return family(self.user_agent)


# The most telling product token first: Edge and Opera call themselves Chrome, Chrome calls itself Safari.
FAMILIES = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)


def family(user_agent: str) -> str:
    """The browser family of a User-Agent, whatever its version; of other programs their product token."""
    known = next((name for sign, name in FAMILIES if sign in user_agent), None)
    return known or user_agent.split(" ")[0].split("/")[0]

"""Users and roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Role = Literal["guest", "viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = ("guest", "viewer", "editor", "admin")
_RANK = {role: rank for rank, role in enumerate(ROLES)}


def at_least(role: Role, needed: Role) -> bool:
    """guest < viewer < editor < admin."""
    return _RANK[role] >= _RANK[needed]


@dataclass(frozen=True, slots=True)
class User:
    id: str
    username: str
    full_name: str
    email: str | None
    role: Role
    active: bool
    password_hash: str = ""  # empty: no password opens this account (its user comes by a token of another issuer)
    last_sign_in_at: datetime | None = None
    max_streams: int | None = None  # watched at once; 0: no limit, None: what the settings say

    def public(self) -> dict:
        return {
            "id": self.id, "username": self.username, "full_name": self.full_name, "email": self.email,
            "role": self.role,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class UserSummary:
    """A user as administrators see them in a list."""

    id: str
    username: str
    full_name: str
    email: str | None
    role: Role
    active: bool
    has_password: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    last_seen_at: datetime | None  # of any of their devices
    sessions: int  # that live
    media: int
    used_bytes: int  # of their uploads
    quota_bytes: int | None  # None: that of the settings; 0: no limit
    max_streams: int | None  # watched at once; likewise

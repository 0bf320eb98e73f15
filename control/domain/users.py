"""Users and roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["guest", "viewer", "editor", "admin"]
ROLES: tuple[Role, ...] = ("guest", "viewer", "editor", "admin")


def at_least(role: Role, needed: Role) -> bool:
    """guest < viewer < editor < admin."""
    return ROLES.index(role) >= ROLES.index(needed)


@dataclass(frozen=True, slots=True)
class User:
    id: str
    username: str
    full_name: str
    email: str | None
    role: Role
    active: bool
    password_hash: str = ""

    def public(self) -> dict:
        return {
            "id": self.id, "username": self.username, "full_name": self.full_name, "email": self.email,
            "role": self.role,
        }  # fmt: skip

"""Service tokens: named, scoped credentials of a user's programs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from control.domain.sessions import Principal


@dataclass(frozen=True, slots=True)
class ServiceToken:
    id: str
    name: str
    scopes: tuple[str, ...]
    principal: Principal  # its owner's, with the role of this moment
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_address: str
    dead: bool = False  # revoked, or its owner is switched off

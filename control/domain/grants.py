"""Grants: the record that lets one principal fetch one media's renditions until it expires."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """Exactly one of session, service token and visit (of a share) is its holder: the grant lives as long as that."""

    id: str  # 32 hex digits, part of the signed prefix
    media_id: str
    user_id: str
    session_id: str | None
    token_id: str | None
    visit_id: str | None
    portable: bool  # plays without the holder's cookie (VLC, TV, ffmpeg)
    expires_at: datetime
    revoked: bool = False
    end_reason: str = ""  # what its player is told; empty where nobody ended it on purpose

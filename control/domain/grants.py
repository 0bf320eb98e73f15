"""Grants: the record that lets one principal fetch one media's renditions until it expires."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Grant:
    id: str  # 32 hex digits, part of the signed prefix
    media_id: str
    user_id: str
    session_id: str
    portable: bool  # plays without the session's cookie (VLC, TV, ffmpeg)
    expires_at: datetime
    revoked: bool = False

"""Mounts as they were found last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MountState:
    name: str
    away: bool
    reason: str
    mount_point: bool  # seen as a mount point once
    changed_at: datetime
    checked_at: datetime
    missing: int = 0  # files that wait for a person's yes to be dropped
    confirmed: bool = False
    scanned: int = 0  # files that the running scan, or else the last one, has seen
    scan_started_at: datetime | None = None
    scan_ended_at: datetime | None = None  # None while it runs

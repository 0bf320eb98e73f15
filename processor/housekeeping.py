"""Once an hour: remove the records that nobody needs any more."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from control.errors import DatabaseUnavailable
from control.storage.sql.audit import AuditStore
from control.storage.sql.grants import GrantStore
from control.storage.sql.sessions import SessionStore

log = structlog.get_logger()

EVERY_SECONDS = 3600
SESSION_DAYS = 90  # after its end: for as long a device counts as known at its next sign-in
GRANT_DAYS = 1


class Housekeeping:
    def __init__(self, audit: AuditStore, sessions: SessionStore, grants: GrantStore, audit_days: int):
        self._audit, self._sessions, self._grants = audit, sessions, grants
        self._audit_days = audit_days

    async def run(self) -> None:
        """Until cancelled. Any number of processors may do it: what is gone is gone."""
        while True:
            try:
                await asyncio.to_thread(self.tidy)
            except DatabaseUnavailable:
                log.warning("housekeeping_waits")
            await asyncio.sleep(EVERY_SECONDS)

    def tidy(self) -> None:
        now = datetime.now(UTC)
        removed = {
            "audit": self._audit.forget_before(now - timedelta(days=self._audit_days)),
            "grants": self._grants.forget_before(now - timedelta(days=GRANT_DAYS)),
            "sessions": self._sessions.forget_before(now - timedelta(days=SESSION_DAYS)),
        }
        if any(removed.values()):
            log.info("tidied", **removed)

"""Once an hour: remove the records that nobody needs any more, and rotate the master key when it is time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import structlog

from control import vault
from control.errors import DatabaseUnavailable
from control.storage.sql.audit import AuditStore, Entry
from control.storage.sql.grants import GrantStore
from control.storage.sql.media_keys import MediaKeyStore
from control.storage.sql.sessions import SessionStore
from control.storage.sql.visits import VisitStore

log = structlog.get_logger()

EVERY_SECONDS = 3600
SESSION_DAYS = 90  # after its end: for as long a device counts as known at its next sign-in
GRANT_DAYS = 1


class Housekeeping:
    def __init__(
        self, audit: AuditStore, sessions: SessionStore, grants: GrantStore, visits: VisitStore, keys: MediaKeyStore,
        masters: vault.MasterKeys, audit_days: int, rotation_days: int,
    ):  # fmt: skip
        self._audit, self._sessions, self._grants, self._visits = audit, sessions, grants, visits
        self._keys, self._masters = keys, masters
        self._audit_days, self._rotation_days = audit_days, rotation_days

    async def run(self) -> None:
        """Until cancelled. Any number of processors may do it: what is gone is gone."""
        while True:
            try:
                await asyncio.to_thread(self.tidy)
                await asyncio.to_thread(self.rotate)
            except DatabaseUnavailable:
                log.warning("housekeeping_waits")
            await asyncio.sleep(EVERY_SECONDS)

    def tidy(self) -> None:
        now = datetime.now(UTC)
        self._visits.settle()
        removed = {
            "audit": self._audit.forget_before(now - timedelta(days=self._audit_days)),
            "grants": self._grants.forget_before(now - timedelta(days=GRANT_DAYS)),
            "share_deliveries": self._visits.forget_before(now),
            "sessions": self._sessions.forget_before(now - timedelta(days=SESSION_DAYS)),
        }
        if any(removed.values()):
            log.info("tidied", **removed)

    def rotate(self) -> None:
        """A new master key when the old one is old enough; and whatever an interrupted rotation left is finished."""
        if self._masters.age() > self._rotation_days * 86400:
            self._masters.add()
        rewrapped = vault.rewrap(self._masters, self._keys)
        if rewrapped:
            version = self._masters.current().version
            log.info("keys_rotated", version=version, media=rewrapped)
            details = {"version": version, "media": rewrapped}
            self._audit.append([Entry(datetime.now(UTC), "keys_rotated", "processor", reason="age", details=details)])

"""The trash's end: what has been in it for long goes for good, and the files of what has gone are removed."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import structlog

from control.errors import DatabaseUnavailable, StorageUnavailable
from control.settings.paths import Paths
from control.storage.sql.audit import AuditStore, Entry
from control.storage.sql.trash import TrashStore
from control.vault.objects import Objects
from control.vault.removal import put_aside, remove

log = structlog.get_logger()

EVERY_SECONDS = 5
SETTLE_SECONDS = 3600
AT_ONCE = 200  # media
_FIRST = "00000000-0000-0000-0000-000000000000"


class Trash:
    """A row outlives its files: whoever is killed between the two leaves work for the next sweep, and nothing else."""

    def __init__(self, store: TrashStore, audit: AuditStore, paths: Paths, objects: Objects, days: int):
        self._store, self._audit, self._paths, self._objects = store, audit, paths, objects
        self._kept_for = timedelta(days=days)

    async def run(self) -> None:
        """Until cancelled. Any number of processors may do it: what is gone is gone."""
        settled = float("-inf")
        while True:
            try:
                if time.monotonic() - settled > SETTLE_SECONDS:
                    await asyncio.to_thread(self.settle)
                    settled = time.monotonic()
                await asyncio.to_thread(self.sweep)
            except DatabaseUnavailable:
                log.warning("trash_waits")
            await asyncio.sleep(EVERY_SECONDS)

    def sweep(self) -> None:
        """Remove what has been in the trash for too long, and the files of everything that is gone for good."""
        now = datetime.now(UTC)
        expired = self._store.doom_all(None, now - self._kept_for)
        self._audit.append([
            Entry(now, "media_deleted", "processor", media_id=one.media.id, reason="age",
                  details={"name": one.media.name, "size": one.media.size_bytes})
            for one in expired
        ])  # fmt: skip
        for remains in self._store.doomed(AT_ONCE):
            try:
                remove(self._paths, self._objects, remains)
            except (OSError, StorageUnavailable) as error:
                log.warning("not_removed", media=remains.id, error=str(error))
                continue
            self._store.forget(remains.id)
            log.info("removed", media=remains.id, name=remains.name)

    def settle(self) -> None:
        """Put aside what lies where signed links find it because control was killed between the row and the file."""
        after = _FIRST
        while found := self._store.plain(AT_ONCE, after):
            self._store.hold([media.id for media in found], lambda held: [put_aside(self._paths, one) for one in held])
            after = found[-1].id

"""The spool's janitor: what has no live upload goes within minutes, what is under way is never touched."""

from __future__ import annotations

import asyncio

import structlog

from control.errors import DatabaseUnavailable
from control.storage.spool import Spool
from control.storage.sql.uploads import UploadStore

log = structlog.get_logger()

EVERY_SECONDS = 20
# Nginx gives up on a body that has not grown for a minute, and control takes a complete one away at once.
BODY_SECONDS = 300
DIRECTORY_SECONDS = 60  # a row is made before its directory, and goes before it


class Janitor:
    def __init__(self, spool: Spool, uploads: UploadStore):
        self._spool, self._uploads = spool, uploads

    async def run(self) -> None:
        """Until cancelled. Any number of processors may do it: what is gone is gone."""
        while True:
            try:
                await asyncio.to_thread(self.sweep)
            except (DatabaseUnavailable, OSError) as error:
                log.warning("spool_not_swept", error=str(error))
            await asyncio.sleep(EVERY_SECONDS)

    def sweep(self) -> None:
        """Give up what has expired (its room is free again), then remove whatever belongs to nobody."""
        for upload in self._uploads.remove_expired():
            self._spool.remove(upload)
        found = self._spool.uploads(DIRECTORY_SECONDS)  # before the rows are asked for: a new one has its row by then
        orphans = set(found) - self._uploads.live_ids() if found else set()
        for upload in orphans:
            self._spool.remove(upload)
        bodies = self._spool.sweep_incoming(BODY_SECONDS)
        if orphans or bodies:
            log.info("spool_swept", uploads=len(orphans), bodies=bodies)

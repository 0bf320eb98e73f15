"""What insight needs besides receipts: running sums that go with the time, looks at the library, names forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from control.errors import DatabaseUnavailable
from control.storage.sql.history import HistoryStore
from control.storage.sql.insight import InsightStore
from control.storage.sql.lately import LatelyStore

log = structlog.get_logger()

LOOK_SECONDS = 600.0
SLIDE_SECONDS = 15.0  # until then lists of a span that has moved are added up of hours or days
SCRUB_SECONDS = 20.0
FORGET_SECONDS = 3600.0


class Insight:
    def __init__(self, store: InsightStore, sums: LatelyStore, history: HistoryStore, keep_days: int):
        self._store, self._sums, self._history, self._keep = store, sums, history, timedelta(days=keep_days)

    async def run(self) -> None:
        """Until cancelled. Any number of processors may do it."""
        await asyncio.gather(
            self._every(LOOK_SECONDS, self._store.look),
            self._every(SLIDE_SECONDS, self._sums.slide),
            self._every(SCRUB_SECONDS, self._scrub),
            self._every(FORGET_SECONDS, lambda: self._store.forget_before(datetime.now(UTC) - self._keep)),
        )

    async def _every(self, seconds: float, do: Callable[[], object]) -> None:
        while True:
            try:
                await asyncio.to_thread(do)
            except DatabaseUnavailable:
                log.warning("insight_waits")
            except Exception:
                log.exception("insight_failed")
            await asyncio.sleep(seconds)

    def _scrub(self) -> None:
        if removed := self._history.scrub():
            log.info("names_removed", receipts=removed)

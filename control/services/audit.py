"""The audit trail's writer: entries are kept in order and written behind, at most FLUSH_SECONDS later."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime
from typing import Protocol

import structlog

from control.domain.sessions import Principal
from control.errors import ControlError

log = structlog.get_logger()

FLUSH_SECONDS = 0.5
LONGEST = 100_000  # entries kept while the database is away; beyond that the oldest go to the log alone


class Store(Protocol):
    def append(self, entries) -> None: ...


class Audit:
    def __init__(self, store: Store, entry):
        self._store, self._entry = store, entry
        self._waiting: deque = deque()
        self._flushing = threading.Lock()

    def record(self, event: str, principal: Principal, **facts) -> None:
        """Note what happened; see storage.sql.audit.Entry for the facts."""
        if len(self._waiting) >= LONGEST:
            log.error("audit_overflow", lost=str(self._waiting.popleft()))
        self._waiting.append(
            self._entry(
                at=datetime.now(UTC),
                event=event,
                principal=principal.name,
                user_id=principal.user_id,
                session_id=principal.session_id,
                **facts,
            )  # fmt: skip
        )

    def flush(self) -> None:
        """Write what waits; on a failure it goes on waiting, in order."""
        if not self._waiting or not self._flushing.acquire(blocking=False):
            return
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            self._store.append(batch)
        except ControlError as error:
            self._waiting.extendleft(reversed(batch))
            log.warning("audit_waits", entries=len(self._waiting), error=error.code)
        finally:
            self._flushing.release()

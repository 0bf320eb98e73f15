"""The audit trail: entries are kept in order and written behind, at most half a second later; and found again."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from control.domain.limits import Rate
from control.domain.sessions import Principal
from control.errors import ControlError, Unwritable
from control.services.limits import LocalLimiter
from control.services.write_behind import write_out

log = structlog.get_logger()

LONGEST = 100_000  # entries kept while the database is away; beyond that the oldest go to the log alone
# Strangers are refused all day long. Nginx's log has every one of them; the trail takes so many per second and worker.
STRANGERS = Rate(0.1, 100)


class Store(Protocol):
    def append(self, entries) -> None: ...
    def find(self, search, limit: int) -> list: ...


class Audit:
    """`tell(entry, principal)` hears of every entry at once."""

    def __init__(self, store: Store, entry, tell: Callable[[Any, Principal], None] = lambda entry, principal: None):
        self._store, self._entry, self._tell = store, entry, tell
        self._waiting: deque = deque()
        self._flushing = threading.Lock()
        self._strangers = LocalLimiter()

    def record(self, event: str, principal: Principal, **facts) -> None:
        """Note what happened; see storage.sql.audit.Entry for the facts."""
        if len(self._waiting) >= LONGEST:
            log.error("audit_overflow", lost=str(self._waiting.popleft()))
        entry = self._entry(
            at=datetime.now(UTC), event=event, principal=principal.name, user_id=principal.user_id,
            session_id=principal.session_id, **facts,
        )  # fmt: skip
        self._waiting.append(entry)
        self._tell(entry, principal)

    def refused(self, principal: Principal, **facts) -> None:
        """Note a refusal, unless too many strangers are refused at this moment."""
        if principal.user_id is None and self._strangers.take("strangers", STRANGERS):
            return
        self.record("refused", principal, **facts)

    def flush(self) -> None:
        """Write what waits; on a failure it waits on, in order. What can never be written goes to the log alone."""
        if not self._waiting or not self._flushing.acquire(blocking=False):
            return
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            write_out(batch, self._store.append, _lost)
        except ControlError as error:
            log.warning("audit_waits", entries=len(self._waiting) + len(batch), error=error.code)
        finally:
            self._waiting.extendleft(reversed(batch))
            self._flushing.release()

    def find(self, search, limit: int) -> list:
        """Entries by a storage.sql.audit.Search, the newest first."""
        return self._store.find(search, limit)

    def link_decisions(self, since: datetime, limit: int) -> list:
        """Links that were made, and those that control refused, the newest first."""
        return self._store.link_decisions(since, limit)

    def ended_for_safety(self, user_id: str, since: datetime) -> list:
        """Sessions of a user that were ended because somebody else seemed to use them."""
        return self._store.ended_for_safety(user_id, since)


def _lost(entry: Any, error: Unwritable) -> None:
    log.error("audit_lost", entry=str(entry), error=str(error))

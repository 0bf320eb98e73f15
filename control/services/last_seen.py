"""When something was last seen: remembered at once, written behind, at most once in a while for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any


class LastSeen:
    """`write({key: value})` stores many at once; it may raise, and what it did not take waits for the next time."""

    def __init__(self, write: Callable[[Mapping[str, Any]], None], every_seconds: float):
        self._write, self._every = write, timedelta(seconds=every_seconds)
        self._seen: dict[str, datetime] = {}
        self._unwritten: dict[str, Any] = {}

    def get(self, key: str, otherwise: datetime) -> datetime:
        return self._seen.get(key, otherwise)

    def touch(self, key: str, now: datetime, value: Any) -> None:
        """Seen just now; `value` is what will be written of it."""
        known = self._seen.get(key)
        if known is None or now - known >= self._every:
            self._seen[key] = now
            self._unwritten[key] = value

    def flush(self) -> None:
        """Write what waits. Raises what `write` raises, and then keeps it."""
        if self._unwritten:
            batch, self._unwritten = self._unwritten, {}
            try:
                self._write(batch)
            except Exception:
                self._unwritten = {**batch, **self._unwritten}
                raise

    def forget_before(self, moment: datetime) -> None:
        self._seen = {key: at for key, at in self._seen.items() if at > moment}

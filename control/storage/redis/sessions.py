"""Copies of sessions in Redis, for workers that do not know them yet: memory -> Redis -> Postgres.

A copy says when its reading began, and counts only where every change since then has been heard: it is older than no
change of its session, and than no gap in what this worker heard. So a revoke needs no write here to be safe.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from time import time

import redis

from control.domain.sessions import Principal, Session
from control.storage.redis.client import SESSION_PREFIX, Convenience

COPY_SECONDS = 900
CLOCK_SKEW_SECONDS = 30  # between hosts


class SessionCopies:
    """Sessions by id, from Redis where that may be trusted, else by `load` (the database).

    `healthy()` says whether changes reach this worker, `gap_at()` since when (seconds since the epoch) they do.
    """

    def __init__(
        self, client: redis.Redis, load: Callable[[str], Session | None], healthy: Callable[[], bool],
        gap_at: Callable[[], float],
    ):  # fmt: skip
        self._client, self._load, self._healthy, self._gap_at = client, load, healthy, gap_at
        self._redis = Convenience()
        self._changed: dict[str, float] = {}  # when this worker heard of a change

    def find(self, session: str) -> Session | None:
        """Raises DatabaseUnavailable when neither knows it and the database does not answer."""
        copy = self._copy(session) if self._healthy() else None
        if copy is not None:
            return copy
        begun = time()
        found = self._load(session)
        if found is not None and not found.ended and self._healthy():
            self._keep(found, begun)
        return found

    def drop(self, session: str) -> None:
        """It has changed: no copy from before this moment counts."""
        now = time()
        if len(self._changed) > 10_000:
            self._changed = {one: at for one, at in self._changed.items() if now - at < COPY_SECONDS}
        self._changed[session] = now

    def clear(self) -> None:
        """`gap_at` says it for all."""

    def _copy(self, session: str) -> Session | None:
        text = self._redis.ask(lambda: self._client.get(SESSION_PREFIX + session), lambda: None)
        if text is None:
            return None
        fields = json.loads(text)
        heard_all_since = max(self._gap_at(), self._changed.get(session, 0)) + CLOCK_SKEW_SECONDS
        return _session(fields) if fields["begun"] > heard_all_since else None

    def _keep(self, session: Session, begun: float) -> None:
        fields = asdict(session) | {
            "expires_at": session.expires_at.isoformat(),
            "last_activity_at": session.last_activity_at.isoformat(),
            "begun": begun,
        }
        fields["principal"].pop("scopes")
        key, text = SESSION_PREFIX + session.id, json.dumps(fields)
        self._redis.ask(lambda: self._client.set(key, text, ex=COPY_SECONDS), lambda: None)


def _session(fields: dict) -> Session:
    return Session(
        fields["id"],
        Principal(**fields["principal"]),
        datetime.fromisoformat(fields["expires_at"]),
        datetime.fromisoformat(fields["last_activity_at"]),
    )

"""Copies of sessions in Redis, for workers that do not know them yet: memory -> Redis -> Postgres.

A copy is only ever written where nothing stands (SET NX), and a change overwrites it with SPOILT for as long as a copy
lives: a slow reader cannot put back what it read before the change.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from time import time

import redis

from control.domain.sessions import Principal, Session
from control.storage.redis.client import SESSION_PREFIX

COPY_SECONDS = 900
CLOCK_SKEW_SECONDS = 2  # between hosts
SPOILT = "ask the database"


def spoil(transaction, session: str) -> None:
    """Nobody takes this session from Redis any more."""
    transaction.set(SESSION_PREFIX + session, SPOILT, ex=COPY_SECONDS)


class SessionCopies:
    """Sessions by id, from Redis where that may be trusted, else by `load` (the database).

    `healthy()` says whether changes reach this worker, `gap_at()` since when (seconds since the epoch) they do: a
    server that did not hear of a change may hold copies from before it.
    """

    def __init__(
        self, client: redis.Redis, load: Callable[[str], Session | None], healthy: Callable[[], bool],
        gap_at: Callable[[], float],
    ):  # fmt: skip
        self._client, self._load, self._healthy, self._gap_at = client, load, healthy, gap_at

    def find(self, session: str) -> Session | None:
        """Raises DatabaseUnavailable when neither knows it and the database does not answer."""
        copy = self._copy(session) if self._healthy() else None
        if copy is not None:
            return copy
        found = self._load(session)
        if found is not None and not found.ended and self._healthy():
            self._keep(found)
        return found

    def _copy(self, session: str) -> Session | None:
        try:
            text = self._client.get(SESSION_PREFIX + session)
        except redis.RedisError:
            return None
        if text is None or text == SPOILT:
            return None
        fields = json.loads(text)
        return _session(fields) if fields["at"] > self._gap_at() + CLOCK_SKEW_SECONDS else None

    def _keep(self, session: Session) -> None:
        fields = asdict(session) | {
            "expires_at": session.expires_at.isoformat(),
            "last_activity_at": session.last_activity_at.isoformat(),
            "at": time(),
        }
        fields["principal"]["scopes"] = []
        try:
            self._client.set(SESSION_PREFIX + session.id, json.dumps(fields), ex=COPY_SECONDS, nx=True)
        except redis.RedisError:
            return  # a copy is a convenience


def _session(fields: dict) -> Session:
    principal = Principal(**fields["principal"] | {"scopes": frozenset()})
    return Session(
        fields["id"],
        principal,
        datetime.fromisoformat(fields["expires_at"]),
        datetime.fromisoformat(fields["last_activity_at"]),
    )

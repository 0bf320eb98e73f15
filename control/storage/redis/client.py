"""Connections to Redis, and every key pattern and channel with its lifetime.

======================== ========= ==============================================================================
``sluice:changed``       channel   "session:{id}", "media:{id}", "grant:{id}", "token:{hash}", "mount:{name}",
                                   "share:{hash}", "visit:{share} {visitor}": forget it
``sluice:events``        channel   "{topic}:{json}": a hint for the pages that something has changed
                                   (storage/redis/events.py)
``sluice:session:{id}``  15 min    a copy of a session for workers that do not know it yet (storage/redis/sessions.py)
``sluice:leases…``       150 s     who is watching what now (storage/redis/leases.py)
``sluice:limit:{key}``   its own   the theoretical arrival time of a rate limit (storage/redis/limits.py)
======================== ========= ==============================================================================
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Answer = TypeVar("Answer")

CHANGED_CHANNEL = "sluice:changed"
EVENTS_CHANNEL = "sluice:events"
SESSION_PREFIX = "sluice:session:"
LIMIT_PREFIX = "sluice:limit:"
LEASES = "sluice:leases"

# redis-py 8 retries ten times by default: 3.0 s against a dead server. A request must not wait for that.
ANSWER_SECONDS = 0.15
CONNECT_SECONDS = 0.05
SULK_SECONDS = 1.0


def connect(url: str) -> redis.Redis:
    """A client whose every call answers or raises redis.RedisError within ANSWER_SECONDS + CONNECT_SECONDS."""
    return redis.Redis.from_url(
        url,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
        max_connections=50,
    )


class Convenience:
    """Asks Redis for what one can do without: after a failure it is left alone for SULK_SECONDS, so that no request
    waits for it twice."""

    def __init__(self):
        self._silent_until = float("-inf")

    def ask(self, call: Callable[[], Answer], otherwise: Callable[[], Answer]) -> Answer:
        if time.monotonic() < self._silent_until:
            return otherwise()
        try:
            return call()
        except redis.RedisError:
            self._silent_until = time.monotonic() + SULK_SECONDS
            return otherwise()


def alive(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def version(client: redis.Redis) -> str | None:
    """Of the server; None where it does not answer."""
    try:
        return client.info("server")["redis_version"]
    except redis.RedisError:
        return None

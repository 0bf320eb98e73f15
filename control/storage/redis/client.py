"""Connections to Redis, and every key pattern and channel with its lifetime.

===================== ========= ======================================================
``sluice:changed``    channel   "session:{id}", "media:{id}", "grant:{id}": drop it from memory
===================== ========= ======================================================
"""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CHANGED_CHANNEL = "sluice:changed"

# redis-py 8 retries ten times by default: 3.0 s against a dead server. A request must not wait for that.
ANSWER_SECONDS = 0.25


def connect(url: str) -> redis.Redis:
    """A client whose every call answers or raises redis.RedisError within ANSWER_SECONDS."""
    return redis.Redis.from_url(
        url,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=0.1,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
        max_connections=50,
    )

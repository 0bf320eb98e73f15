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
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import Sentinel

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
SENTINEL_PORT = 26379


def connect(url: str) -> redis.Redis:
    """A client whose every call answers or raises redis.RedisError within ANSWER_SECONDS + CONNECT_SECONDS.

    `sentinel://[:PASSWORD@]HOST[:PORT],…/NAME[?db=N]` names the sentinels of NAME: whoever is its master is asked. To
    find out who that is takes as long once more for each sentinel that is silent.
    """
    options = {
        "socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": CONNECT_SECONDS, "retry": Retry(NoBackoff(), 0),
        "decode_responses": True, "max_connections": 50,
    }  # fmt: skip
    if url.startswith("sentinel://"):
        return _master(urlsplit(url), options)
    return redis.Redis.from_url(url, **options)


def _master(url: SplitResult, options: dict) -> redis.Redis:
    """Raises ValueError for a URL that names no master."""
    name = url.path.strip("/")
    if not name:
        raise ValueError("sentinel://HOST:PORT,…/NAME must say which master is meant")
    hosts = [host.rpartition(":") if ":" in host else (host, ":", SENTINEL_PORT)
             for host in url.netloc.rpartition("@")[2].split(",")]  # fmt: skip
    timeouts = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": CONNECT_SECONDS, "retry": options["retry"]}
    sentinels = Sentinel([(host, int(port)) for host, _, port in hosts], sentinel_kwargs=timeouts)
    db = int(parse_qs(url.query).get("db", ["0"])[0])
    password = unquote(url.password) if url.password else None
    return sentinels.master_for(name, redis_class=redis.Redis, db=db, password=password, **options)


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

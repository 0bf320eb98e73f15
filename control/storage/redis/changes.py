"""The channel on which every change of a session, a media or a grant reaches all workers."""

from __future__ import annotations

import time
from collections.abc import Callable

import redis
import structlog

from control.storage.redis.client import ANSWER_SECONDS, CHANGED_CHANNEL

log = structlog.get_logger()

# A silent subscription is asked for a sign of life this often, and is not trusted after TRUST seconds without one.
PING_SECONDS = 0.4
TRUST_SECONDS = 1.0


class ChangePublisher:
    def __init__(self, client: redis.Redis):
        self._client = client

    def publish(self, kind: str, key: str) -> None:
        """Tell all workers. A Redis that does not answer is no failure: without it nobody trusts their memory."""
        try:
            self._client.publish(CHANGED_CHANNEL, f"{kind}:{key}")
        except redis.RedisError as error:
            log.warning("change_not_published", kind=kind, error=str(error))


class ChangeSubscription:
    """A worker's ear on the channel. :attr:`healthy` says whether what it remembers may be trusted.

    `on_change(kind, key)` is called for each message, `on_gap()` whenever messages may have been missed.
    """

    def __init__(self, client: redis.Redis, on_change: Callable[[str, str], None], on_gap: Callable[[], None]):
        self._client, self._on_change, self._on_gap = client, on_change, on_gap
        self._heard_at = float("-inf")
        self._stopped = False

    @property
    def healthy(self) -> bool:
        return time.monotonic() - self._heard_at < TRUST_SECONDS

    def stop(self) -> None:
        self._stopped = True

    def run(self) -> None:
        """Listen until :meth:`stop`; reconnects by itself."""
        while not self._stopped:
            try:
                self._listen()
            except redis.RedisError as error:
                log.warning("subscription_lost", error=str(error))
            self._heard_at = float("-inf")
            self._on_gap()
            time.sleep(0.2)

    def _listen(self) -> None:
        with self._client.pubsub() as channel:
            channel.subscribe(CHANGED_CHANNEL)
            while not self._stopped:
                message = channel.get_message(timeout=min(PING_SECONDS, ANSWER_SECONDS * 0.8))
                if message is None:
                    channel.ping()
                    continue
                self._hear(message)

    def _hear(self, message: dict) -> None:
        if message["type"] == "subscribe":
            self._on_gap()  # whatever was published before this moment was missed
        self._heard_at = time.monotonic()
        if message["type"] == "message":
            kind, _, key = message["data"].partition(":")
            self._on_change(kind, key)

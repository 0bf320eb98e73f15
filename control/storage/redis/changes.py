"""The channel on which every change of a session, a media, a grant or a token reaches all workers."""

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
    """Publishes changes; what Redis did not take is kept, and sent again by :meth:`flush`.

    Whoever cannot be told in time is safe all the same: a subscriber that hears nothing for TRUST_SECONDS does not
    trust its memory, and forgets all of it before it does again.
    """

    def __init__(self, client: redis.Redis):
        self._client = client
        self._unsent: dict[tuple[str, str], None] = {}

    def publish(self, kind: str, key: str) -> None:
        """Tell all workers."""
        try:
            self._send(kind, key)
        except redis.RedisError as error:
            self._unsent[kind, key] = None
            log.warning("change_not_published", kind=kind, error=type(error).__name__)

    def flush(self) -> bool:
        """Send what could not be sent; True when nothing is left."""
        for kind, key in list(self._unsent):
            try:
                self._send(kind, key)
            except redis.RedisError:
                return False
            self._unsent.pop((kind, key), None)
        return True

    def _send(self, kind: str, key: str) -> None:
        # PUBLISH writes nothing: a Redis that is full or read-only passes it on all the same.
        self._client.publish(CHANGED_CHANNEL, f"{kind}:{key}")


class ChangeSubscription:
    """A worker's ear on a channel of "kind:key". :attr:`healthy` says whether what it remembers may be trusted.

    `on_change(kind, key)` is called for each message, `on_gap()` whenever messages may have been missed.
    """

    def __init__(
        self, client: redis.Redis, on_change: Callable[[str, str], None], on_gap: Callable[[], None],
        channel: str = CHANGED_CHANNEL,
    ):  # fmt: skip
        self._client, self._on_change, self._on_gap, self._channel = client, on_change, on_gap, channel
        self._heard_at = float("-inf")
        self._stopped = False
        self.gap_at = time.time()  # seconds since the epoch: copies older than this may have missed a change

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
                log.warning("subscription_lost", error=type(error).__name__)
            self._heard_at = float("-inf")
            self._gap()
            time.sleep(0.2)

    def _listen(self) -> None:
        with self._client.pubsub() as channel:
            channel.subscribe(self._channel)
            while not self._stopped:
                message = channel.get_message(timeout=min(PING_SECONDS, ANSWER_SECONDS * 0.8))
                if message is None:
                    channel.ping()
                    continue
                self._hear(message)

    def _hear(self, message: dict) -> None:
        # What was published before the subscription, or while a paused server said nothing, was missed.
        if message["type"] == "subscribe" or not self.healthy:
            self._gap()
        self._heard_at = time.monotonic()
        if message["type"] == "message":
            kind, _, key = message["data"].partition(":")
            self._on_change(kind, key)

    def _gap(self) -> None:
        self.gap_at = time.time()
        self._on_gap()

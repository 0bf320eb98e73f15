"""Live events: hints for the pages that something has changed. Sent behind, and never worth waiting for."""

from __future__ import annotations

import json
import time

import redis

from control.storage.redis.client import EVENTS_CHANNEL, SULK_SECONDS

EVERY_SECONDS = 1.0  # at most one event of one thing in that time; the last one is always sent
PAUSE_SECONDS = 0.1
LONGEST = 1000  # things that wait while Redis is away; beyond that the oldest are forgotten: pages poll meanwhile


class Events:
    """:meth:`publish` keeps a hint, :meth:`run` (in a thread or greenlet of its own) or :meth:`flush` sends it."""

    def __init__(self, client: redis.Redis):
        self._client = client
        self._waiting: dict[tuple[str, str], str] = {}  # (topic, id) -> the newest hint
        self._sent: dict[tuple[str, str], float] = {}  # when, on the monotonic clock

    def publish(self, topic: str, **hint) -> None:
        """Something of `topic` has changed; `hint` is small and of JSON, its `id` names what. Never raises or waits."""
        thing = (topic, f"{hint.get('id', '')} {hint.get('user', '')}")
        self._waiting.pop(thing, None)
        while len(self._waiting) >= LONGEST:
            self._waiting.pop(next(iter(self._waiting)), None)
        self._waiting[thing] = json.dumps(hint, separators=(",", ":"), default=str)

    def run(self) -> None:
        """Send what waits, until the process ends."""
        while True:
            time.sleep(PAUSE_SECONDS if self.flush(time.monotonic() - EVERY_SECONDS) else SULK_SECONDS)

    def flush(self, before: float = float("inf")) -> bool:
        """Send the hints of things whose last one was sent `before`; False when Redis did not take them."""
        self._sent = {thing: at for thing, at in self._sent.items() if at > before}
        due = {thing: self._waiting.pop(thing, None) for thing in list(self._waiting) if thing not in self._sent}
        due = {thing: text for thing, text in due.items() if text is not None}
        if not due:
            return True
        try:
            self._send(due)
        except redis.RedisError:
            self._waiting = {**due, **self._waiting}
            return False
        self._sent |= dict.fromkeys(due, time.monotonic())
        return True

    def _send(self, due: dict[tuple[str, str], str]) -> None:
        with self._client.pipeline(transaction=False) as pipeline:
            for (topic, _), text in due.items():
                pipeline.publish(EVENTS_CHANNEL, f"{topic}:{text}")
            pipeline.execute()

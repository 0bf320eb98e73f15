"""A page's half of live events for the tests: it holds a stream and remembers what it was told."""

from __future__ import annotations

import contextlib
import json
import socket
import threading

import requests

from tests.e2e.people import wait_until


class Listener:
    """`client` follows `topics` until :meth:`leave`, or until the server ends it (:attr:`over`)."""

    def __init__(self, client, topics: str):
        self.heard: list[tuple[str, dict]] = []
        self._answer = client.get(f"/api/events?topics={topics}", stream=True)
        self._answer.raise_for_status()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        event = ""
        with contextlib.suppress(requests.RequestException, AttributeError, ValueError):
            for line in self._answer.iter_lines(chunk_size=1):
                name, _, value = line.decode().partition(": ")
                if name == "event":
                    event = value
                elif name == "data":
                    self.heard.append((event, json.loads(value)))

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def wait(self, event: str, since: int = 0, **hint) -> None:
        """Until it has heard an event with this in it, after the first `since`."""
        wait_until(
            lambda: any(name == event and hint.items() <= data.items() for name, data in self.heard[since:]),
            what=f"{event} {hint} was not heard: {self.heard}",
        )

    def wait_for_its_end(self) -> None:
        wait_until(lambda: self.over, what=f"the stream goes on: {self.heard}")

    def leave(self) -> None:
        """At once: closing alone would wait until the thread, which reads, has heard something."""
        with contextlib.suppress(OSError, AttributeError):  # it has ended by itself
            self._answer.raw.connection.sock.shutdown(socket.SHUT_RDWR)
        self._answer.close()

"""The gunicorn worker: one that ends when it is told to, and not before others have taken over."""

from __future__ import annotations

import mmap
import struct
import time

import gevent
import gevent.select
from gunicorn.workers.ggevent import GeventWorker

LAST_SECONDS = 0.5  # that a connection which comes while the worker stops has for its request
# Without a request until a connection is closed: Nginx asks over those first that it has used last. The longer, the
# less likely a request is on its way at that moment; a worker that others follow has the time.
REST_SECONDS, FOLLOWED_REST_SECONDS = 1.0, 5.0
PAUSE_SECONDS = 0.1
TAKE_OVER_SECONDS = 60.0


class Succession:
    """The ages of the youngest worker that was started, and of the youngest that answers (or is gone again).

    In memory that the master makes and every worker shares: at a reload gunicorn ends old workers when the new ones
    have only just begun to load.
    """

    def __init__(self):
        self._ages = mmap.mmap(-1, 16)

    def started(self, age: int) -> None:
        self._write(0, age)

    def ready(self, age: int) -> None:
        self._write(8, max(age, self._read(8)))

    def nobody_after(self, age: int) -> bool:
        return self._read(0) == age

    def awaited(self) -> bool:
        return self._read(8) < self._read(0)

    def _read(self, at: int) -> int:
        return struct.unpack_from("q", self._ages, at)[0]

    def _write(self, at: int, age: int) -> None:
        struct.pack_into("q", self._ages, at, age)


class Worker(GeventWorker):
    """Nginx keeps connections on which nothing is asked. gunicorn waits for their end before it stops, and is killed in
    the end; this one closes them, and waits for what is being answered alone."""

    succession = Succession()

    def __init__(self, age, *arguments, **options):
        super().__init__(age, *arguments, **options)
        self._idle: set[_Idle] = set()
        self._leaving, self._rest_seconds = False, REST_SECONDS
        self.succession.started(age)

    def run(self) -> None:
        self.succession.ready(self.age)
        super().run()

    def handle_exit(self, sig, frame) -> None:
        """gunicorn says it every second, as long as there are too many workers."""
        if not self._leaving:
            self._leaving = True
            gevent.spawn(self._leave)

    def _leave(self) -> None:
        deadline = time.monotonic() + TAKE_OVER_SECONDS
        if self.succession.awaited():
            self._rest_seconds = FOLLOWED_REST_SECONDS
        while self.succession.awaited() and time.monotonic() < deadline:
            gevent.sleep(PAUSE_SECONDS)
        self.alive = False

    def handle(self, listener, client, addr) -> None:
        gevent.getcurrent().client = client
        super().handle(listener, client, addr)

    def timeout_ctx(self) -> _Idle:
        """Around the wait for the next request of a connection."""
        return _Idle(self.cfg.keepalive if self.alive else LAST_SECONDS, self._idle)

    def close_idle(self) -> None:
        """Until there are none left: those that are used meanwhile end with the answer (Connection: close)."""
        while self._idle:
            for idle in list(self._idle):
                if idle.rests(self._rest_seconds):
                    idle.end()
            gevent.sleep(PAUSE_SECONDS)


class _Idle(gevent.Timeout):
    """The end of a wait, by time or by `end`; whoever waits goes on without a request."""

    def __init__(self, seconds: float, waiting: set[_Idle]):
        super().__init__(seconds, False)
        self._waiting, self._since = waiting, time.monotonic()

    def __enter__(self) -> _Idle:
        self._greenlet = gevent.getcurrent()
        self._waiting.add(self)
        return super().__enter__()

    def __exit__(self, kind, value, traceback) -> bool | None:
        self._waiting.discard(self)
        return super().__exit__(kind, value, traceback)

    def rests(self, seconds: float) -> bool:
        """Whether nobody has asked here for so long: a request that is cut off would be lost if it was no GET."""
        client = getattr(self._greenlet, "client", None)
        asked = client is not None and gevent.select.select([client], [], [], 0)[0]
        return not asked and time.monotonic() - self._since >= seconds

    def end(self) -> None:
        gevent.kill(self._greenlet, self)

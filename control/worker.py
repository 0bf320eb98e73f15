"""The gunicorn worker: one that ends when it is told to."""

from __future__ import annotations

import gevent
from gunicorn.workers.ggevent import GeventWorker

LAST_SECONDS = 0.5  # that a connection which comes while the worker stops has for its request


class Worker(GeventWorker):
    """Nginx keeps connections on which nothing is asked. gunicorn waits for their end before it stops, and is killed in
    the end; this one closes them, and waits for what is being answered alone."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._idle: set[_Idle] = set()

    def timeout_ctx(self) -> _Idle:
        """Around the wait for the next request of a connection."""
        return _Idle(self.cfg.keepalive if self.alive else LAST_SECONDS, self._idle)

    def close_idle(self) -> None:
        for idle in list(self._idle):
            idle.end()


class _Idle(gevent.Timeout):
    """The end of a wait, by time or by `end`; whoever waits goes on without a request."""

    def __init__(self, seconds: float, waiting: set[_Idle]):
        super().__init__(seconds, False)
        self._waiting = waiting

    def __enter__(self) -> _Idle:
        self._greenlet = gevent.getcurrent()
        self._waiting.add(self)
        return super().__enter__()

    def __exit__(self, kind, value, traceback) -> bool | None:
        self._waiting.discard(self)
        return super().__exit__(kind, value, traceback)

    def end(self) -> None:
        gevent.kill(self._greenlet, self)

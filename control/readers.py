"""Threads that read files for the event loop, a few for each place: a drive that hangs holds up nothing but itself."""

from __future__ import annotations

import gevent
from gevent.threadpool import ThreadPool

from control.errors import MountAway, StorageUnavailable
from nginx.contract import OWN_ROOTS

THREADS, SECONDS = 4, 10.0


class Readers:
    def __init__(self):
        self._pools: dict[str, ThreadPool] = {}

    def __call__(self, place: str, function, *arguments):
        """Run it in a thread of `place` (a root of originals; "": work of our own) and return its result.

        Raises MountAway or StorageUnavailable when there is none in time. (!) A thread that hangs is never free again.
        """
        if place not in self._pools:
            self._pools[place] = ThreadPool(THREADS)
        late = StorageUnavailable() if place in OWN_ROOTS or not place else MountAway()
        with gevent.Timeout(SECONDS, late):
            return self._pools[place].apply(function, arguments)

"""What gunicorn loads in each worker: settings from the environment, services, the application."""

from __future__ import annotations

import contextlib
import os
import threading

import gevent
from gevent.threadpool import ThreadPool

from control import bootstrap, logs, settings
from control.app import create_app
from control.errors import SignInBusy
from control.middleware.networks import AllowedNetworks
from control.readers import Readers
from control.resources.access import Access, Shortcut

# Argon2 takes 64 MiB and four lanes per hash: one at a time, away from the event loop, and behind everything else that
# wants the processor. So many may wait; then it is better to say so.
LONGEST_QUEUE = 16
NICENESS = 15

_hashing = ThreadPool(1)
_working = ThreadPool(16)  # joining and hashing uploads
BEAT_SECONDS = 1.0


def _nicely(function, *arguments):
    # Linux knows a niceness per thread; elsewhere the hash just takes its turn.
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    return function(*arguments)


def offload(function, *arguments):
    """Run a hash in its thread; raises SignInBusy when too many wait."""
    if len(_hashing) > LONGEST_QUEUE:
        raise SignInBusy()
    return _hashing.apply(_nicely, (function, *arguments))


def work(function, *arguments, beat=lambda: None):
    """Run something long in a thread, and `beat` every second until it is done."""
    result = _working.spawn(_nicely, function, *arguments)
    while not result.ready():
        result.wait(BEAT_SECONDS)
        if not result.ready():
            beat()
    return result.get()


logs.configure()
services = bootstrap.services(settings.load(), offload=offload, work=work, aside=Readers(), spawn=gevent.spawn)
app = Shortcut(
    create_app(services),
    Access(
        services.library, services.identity, services.visits, services.audit, services.uploads,
        services.settings.protected, services.counts,
    ),  # fmt: skip
    AllowedNetworks(services.settings.server.allowed_networks).allowed,
    services.counts,
)

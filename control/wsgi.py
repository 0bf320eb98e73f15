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


logs.configure()
services = bootstrap.services(settings.load(), offload=offload, aside=Readers(), spawn=gevent.spawn)
app = Shortcut(
    create_app(services),
    Access(services.library, services.identity, services.audit, services.settings.protected),
    AllowedNetworks(services.settings.server.allowed_networks).allowed,
)

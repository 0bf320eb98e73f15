"""The services of a data directory, for the length of one command."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from control import bootstrap, settings
from control.storage.redis.changes import TRUST_SECONDS


@contextmanager
def opened(data: Path) -> Iterator[bootstrap.Services]:
    """The same services as control's, with the database open; what they keep for later is written at the end."""
    quiet()
    services = bootstrap.services(settings.load(data))
    services.database.open()
    try:
        yield services
        services.write_behind()
        _tell_everybody(services)
    finally:
        services.database.close()


def _tell_everybody(services: bootstrap.Services) -> None:
    """A Redis that is away for a moment is waited for; one that is away for longer has no worker's trust any more."""
    services.events.flush()
    deadline = time.monotonic() + 2 * TRUST_SECONDS
    while not services.publisher.flush() and time.monotonic() < deadline:
        time.sleep(0.2)


def quiet() -> None:
    """Standard output is for the answer alone; a database that is down is said once, by the command."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)

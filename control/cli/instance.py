"""The services of a data directory, for the length of one command."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from control import bootstrap, settings


@contextmanager
def opened(data: Path) -> Iterator[bootstrap.Services]:
    """The same services as control's, with the database open; what they keep for later is written at the end."""
    _keep_output_clean()
    services = bootstrap.services(settings.load(data))
    services.database.open()
    try:
        yield services
        services.write_behind()
    finally:
        services.database.close()


def _keep_output_clean() -> None:
    """Standard output is for the answer alone; a database that is down is said once, by the command."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)

"""The services of a data directory, for the length of one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from control import bootstrap, settings


@contextmanager
def opened(data: Path) -> Iterator[bootstrap.Services]:
    """The same services as control's, with the database open; what they keep for later is written at the end."""
    services = bootstrap.services(settings.load(data))
    services.database.open()
    try:
        yield services
        services.write_behind()
    finally:
        services.database.close()

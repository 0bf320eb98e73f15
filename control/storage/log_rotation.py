"""A log that has grown is renamed, Nginx writes a new one, and the old one goes once it has been read to its end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from control.domain.receipts import Position
from control.storage import access_log

log = structlog.get_logger()

QUIET_SECONDS = 120  # so long after its last line nobody looks for who may still write to it, where that cannot be seen
REST_SECONDS = 3600  # so long after its last line no worker of Nginx writes to a renamed file any more


class Rotation:
    def __init__(self, directory: Path, pid_file: Path, most_bytes: int):
        self._directory, self._pid_file, self._most = directory, pid_file, most_bytes

    def turn(self) -> bool:
        """Rename the log if it is large enough, and have Nginx open another one; False where there was no need or way.

        Its workers write their buffers to the old file first, each when it gets to it: that file is read on.
        """
        live = self._directory / access_log.NAME
        if not live.exists() or live.stat().st_size <= self._most:
            return False
        try:
            nginx = int(self._pid_file.read_text())
            os.kill(nginx, 0)  # one that cannot be told would write on into the renamed file
            live.rename(live.with_name(f"{live.name}.{datetime.now(UTC):%Y%m%dT%H%M%S%f}"))
            os.kill(nginx, signal.SIGUSR1)
        except (OSError, ValueError) as error:
            log.warning("log_not_rotated", error=str(error))
            return False
        log.info("log_rotated")
        return True

    def remove_read(self, positions: Iterable[Position]) -> int:
        """Remove files that have been read whole and rest; the newest stays, for `sluice explain`. Return how many."""
        read = {position.file: position.position for position in positions}
        old = [file for file in access_log.files(self._directory) if not file.live][:-1]
        done = [file for file in old if read.get(file.name, 0) >= file.size and _rests(file.path)]
        for file in done:
            file.path.unlink(missing_ok=True)
        return len(done)


def held(path: Path, pid_file: Path) -> bool:
    """Whether Nginx may still write to a file of its log."""
    try:
        master = int(pid_file.read_text())
        workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    except (OSError, ValueError):
        return False
    return any(_has_open(process, path) for process in (str(master), *workers))


def _has_open(process: str, path: Path) -> bool:
    try:
        return any(link.readlink() == path for link in Path(f"/proc/{process}/fd").iterdir())
    except PermissionError:  # a unit of its own (systemd): then by the time
        return not _rests(path, QUIET_SECONDS)
    except OSError:
        return False


def _rests(path: Path, seconds: float = REST_SECONDS) -> bool:
    return time.time() - path.stat().st_mtime > seconds

"""Room on the disks: with too little of it the pipeline pauses, says so, and goes on by itself when there is more."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from control.errors import DiskFull

log = structlog.get_logger()

_LOOK_SECONDS = 1.0


class Room:
    """`told(sentence)` hears why a job waits, and None when it goes on; it may raise to end the waiting."""

    def __init__(self, directories: list[Path], free_bytes: int, told: Callable[[str | None], None]):
        self._directories, self._free_bytes, self._told = directories, free_bytes, told

    def lacking(self) -> Path | None:
        """A directory whose disk has too little room left."""
        return next((path for path in self._directories if shutil.disk_usage(path).free < self._free_bytes), None)

    def wait(self) -> None:
        """Return once there is room."""
        lacking = self.lacking()
        if lacking is None:
            return
        log.warning("disk_full", directory=str(lacking), wanted=self._free_bytes)
        while lacking := self.lacking():
            self._told(f"Paused: the disk of {lacking.name}/ has less than {_size(self._free_bytes)} left.")
            time.sleep(_LOOK_SECONDS)
        log.info("disk_has_room")
        self._told(None)


def no_room(error: BaseException) -> bool:
    """Whether something failed because a disk or a quota is full, here or in a child."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "No space left on device" in str(error) or isinstance(error, DiskFull)


def _size(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"

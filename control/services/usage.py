"""Room: the disks, and what is kept on them. Sizes are those of the records; no directory is walked for a page."""

from __future__ import annotations

import os
from collections import defaultdict

from control.domain.health import Disk, Kept
from control.settings.paths import Paths

# What lies where, in the order of the page.
PLACES = ("vault", "archive", "files", "quarantine", "imports", "spool", "logs")
MOST_OWNERS = 50


class Usage:
    def __init__(self, store, paths: Paths, elsewhere: frozenset[str] = frozenset()):
        """`elsewhere` are PLACES that are on no disk of this machine."""
        self._store, self._paths = store, paths
        self._places = [*(place for place in PLACES if place not in elsewhere), "scratch"]

    def disks(self) -> list[Disk]:
        """The file systems below DIR, and the one for plaintext of a moment, by what lies on them."""
        holds, status = defaultdict(list), {}
        for name in self._places:
            place = getattr(self._paths, name)
            try:
                device = os.stat(place).st_dev
                status[device] = os.statvfs(place)
            except OSError:
                continue
            holds[device].append(name)
        return [_disk(tuple(names), status[device]) for device, names in holds.items()]

    def kept(self) -> dict[str, Kept]:
        return self._store.kept()

    def by_owner(self) -> list[Kept]:
        return self._store.by_owner(MOST_OWNERS)


def _disk(holds: tuple[str, ...], status: os.statvfs_result) -> Disk:
    return Disk(holds, status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize)

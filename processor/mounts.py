"""Mounts: external, read-only library roots. Scanned in the background, served in place, never changed by us."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from control.errors import ControlError
from control.settings import Mount
from control.storage.sql.mounted import MountedStore
from control.storage.sql.mounts import MountStore
from processor.mount_probe import MountProbe
from processor.mount_scan import MountScan

log = structlog.get_logger()

_QUEUED_AT_ONCE = 200  # of a mount's renditions: the queue stays short enough to be looked at
_BEHIND = -10  # priority: what people have just put in comes first

Queue = Callable[[str, str, int], Awaitable[None]]  # media id, kind, priority


async def scan_for_ever(
    mounts: list[Mount], media: MountedStore, states: MountStore, queue: Queue, pause: float
) -> None:
    """Look at every mount again and again; one that hangs or is away disturbs no other."""
    await asyncio.gather(*(_scan_for_ever(mount, media, states, queue, pause) for mount in mounts))


async def _scan_for_ever(mount: Mount, media: MountedStore, states: MountStore, queue: Queue, pause: float) -> None:
    probe, scan = MountProbe(mount.path), MountScan(mount, media, states)
    thread = ThreadPoolExecutor(1)  # of its own: a scan that hangs holds up no other
    while True:
        try:
            await asyncio.get_running_loop().run_in_executor(thread, _look_and_scan, mount, scan, states, probe)
            if mount.renditions:
                await _queue_renditions(mount, media, queue)
        except (OSError, ControlError) as error:
            log.warning("mount_not_scanned", mount=mount.name, error=type(error).__name__)
        await asyncio.sleep(pause)


def _look_and_scan(mount: Mount, scan: MountScan, states: MountStore, probe: MountProbe) -> None:
    state = states.find(mount.name)
    found = probe.look(state is not None and state.mount_point)
    states.note(mount.name, found.away, found.reason, found.mount_point)
    if state is None or state.away != found.away:
        log.warning("mount_away" if found.away else "mount_here", mount=mount.name, reason=found.reason)
    if not found.away:
        scan.run()


async def _queue_renditions(mount: Mount, media: MountedStore, queue: Queue) -> None:
    for item in await asyncio.to_thread(media.underived, mount.name, _QUEUED_AT_ONCE):
        await queue(item.id, item.kind, _BEHIND)

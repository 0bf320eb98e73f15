"""Mounts: external, read-only library roots. Scanned in the background, served in place, never changed by us."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from control.errors import ControlError
from control.settings.sections import Mount
from control.storage.sql.mounted import MountedStore
from control.storage.sql.mounts import MountStore
from processor.mount_scan import MountScan
from processor.mount_watch import LOOK_SECONDS, MountWatch

log = structlog.get_logger()

_QUEUED_AT_ONCE = 200  # of a mount's renditions: the queue stays short enough to be looked at
_BEHIND = -10  # priority: what people have just put in comes first

Queue = Callable[[str, str, int], Awaitable[None]]  # media id, kind, priority


async def look_after(
    mounts: list[Mount], media: MountedStore, states: MountStore, queue: Queue, run: Path, pause: float
) -> None:
    """Look at every mount and scan it, again and again; one that hangs or is away disturbs no other."""
    watches = [MountWatch(mount, states, run, min(LOOK_SECONDS, pause)) for mount in mounts]
    scans = [
        _scan_for_ever(mount, MountScan(mount, media, states), watch, media, queue, pause)
        for mount, watch in zip(mounts, watches, strict=True)
    ]
    await asyncio.gather(*(watch.run() for watch in watches), *scans)


async def _scan_for_ever(
    mount: Mount, scan: MountScan, watch: MountWatch, media: MountedStore, queue: Queue, pause: float
) -> None:
    thread = ThreadPoolExecutor(1)  # of its own: a scan that hangs holds up no other
    while True:
        await watch.until_here()
        try:
            await _scan(scan, watch, thread)
            if mount.renditions:
                await _queue_renditions(mount, media, queue)
        except (OSError, ControlError) as error:
            log.warning("mount_not_scanned", mount=mount.name, error=type(error).__name__)
        await asyncio.sleep(pause)


async def _scan(scan: MountScan, watch: MountWatch, thread: ThreadPoolExecutor) -> None:
    """A drive that leaves during its scan looks as if it had lost its files: nothing is dropped before another look."""
    loop = asyncio.get_running_loop()
    present = await loop.run_in_executor(thread, scan.register)
    if await watch.look():
        await loop.run_in_executor(thread, scan.drop_missing, present)


async def _queue_renditions(mount: Mount, media: MountedStore, queue: Queue) -> None:
    for item in await asyncio.to_thread(media.underived, mount.name, _QUEUED_AT_ONCE):
        await queue(item.id, item.kind, _BEHIND)

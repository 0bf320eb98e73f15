"""Mounts: external, read-only library roots. Scanned in the background, served in place, never changed by us."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from control.errors import ControlError
from control.settings import Mount
from control.storage.sql.media import MediaStore
from control.storage.sql.mounts import MountStore
from processor.mount_probe import MountProbe
from processor.steps.signatures import kind_by_name

log = structlog.get_logger()

# A scan that misses more than this part of a mount, and more than a few, is not believed without a person's yes.
LOSS_BELIEVED, FEW = 0.10, 3

# Served in place under their own type: only kinds that a browser plays or a person downloads.
_ALLOWED = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mp3", ".m4a", ".aac", ".flac", ".ogg", ".oga", ".opus",
    ".wav", ".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".heic", ".pdf", ".epub", ".docx", ".doc", ".txt",
)  # fmt: skip
_TYPES = {".mkv": "video/x-matroska", ".ts": "video/mp2t", ".flac": "audio/flac", ".opus": "audio/ogg",
          ".m4a": "audio/mp4", ".avif": "image/avif", ".heic": "image/heic", ".webp": "image/webp"}  # fmt: skip


async def scan_for_ever(mounts: list[Mount], media: MediaStore, states: MountStore, pause: float) -> None:
    """Look at every mount again and again; one that hangs or is away disturbs no other."""
    await asyncio.gather(*(_scan_for_ever(mount, media, states, pause) for mount in mounts))


async def _scan_for_ever(mount: Mount, media: MediaStore, states: MountStore, pause: float) -> None:
    known: dict[str, int] = {}
    probe, thread = MountProbe(mount.path), ThreadPoolExecutor(1)  # of its own: a scan that hangs holds up no other
    while True:
        try:
            await asyncio.get_running_loop().run_in_executor(thread, _look_and_scan, mount, media, states, probe, known)
        except (OSError, ControlError) as error:
            log.warning("mount_not_scanned", mount=mount.name, error=type(error).__name__)
        await asyncio.sleep(pause)


def _look_and_scan(
    mount: Mount, media: MediaStore, states: MountStore, probe: MountProbe, known: dict[str, int]
) -> None:
    state = states.find(mount.name)
    found = probe.look(state is not None and state.mount_point)
    states.note(mount.name, found.away, found.reason, found.mount_point)
    if state is None or state.away != found.away:
        log.warning("mount_away" if found.away else "mount_here", mount=mount.name, reason=found.reason)
    if not found.away:
        present = scan(mount, media, known)
        drop_missing(mount, media, states, present)


def scan(mount: Mount, media: MediaStore, known: dict[str, int]) -> set[str]:
    """Register what is new or has another size; `known` (path -> size) is what earlier scans saw. Deletes nothing.

    Return everything that is there; raises OSError when some of it could not be read, so that nothing counts as gone.
    """
    present = set()
    for path, status in _files(mount.path):
        name = str(path.relative_to(mount.path))
        present.add(name)
        if known.get(name) != status.st_size:
            media.upsert_mounted(mount.name, name, _shown(path.name), kind_by_name(path.name), _type(path),
                                 status.st_size)  # fmt: skip
            known[name] = status.st_size
    for name in known.keys() - present:
        del known[name]
    return present


def drop_missing(mount: Mount, media: MediaStore, states: MountStore, present: set[str]) -> None:
    """Take out of the library what is not there any more; a loss that is too large waits for a person's yes."""
    recorded = media.mounted_paths(mount.name)
    missing = recorded - present
    state = states.find(mount.name)
    doubtful = len(missing) > max(LOSS_BELIEVED * len(recorded), FEW)
    if doubtful and not state.confirmed:
        if state.missing != len(missing):
            log.warning("mount_loss_waits", mount=mount.name, missing=len(missing), of=len(recorded))
        states.note_missing(mount.name, len(missing))
        return
    if missing:
        log.info("mount_files_gone", mount=mount.name, count=len(media.drop_mounted(mount.name, missing)))
    if state.missing:
        states.note_missing(mount.name, 0)


def _files(directory: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Plain files of allowed endings; no symbolic link is followed, neither to a file nor to a directory."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if entry.name.startswith("."):
            continue
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from _files(Path(entry.path))
        elif stat.S_ISREG(status.st_mode) and Path(entry.name).suffix.lower() in _ALLOWED:
            yield Path(entry.path), status


def _type(path: Path) -> str:
    ending = path.suffix.lower()
    return _TYPES.get(ending) or mimetypes.types_map.get(ending, "application/octet-stream")


def _shown(name: str) -> str:
    """A name for people: bytes that are no UTF-8 become U+FFFD; the path keeps them."""
    return name.encode("utf-8", "replace").decode()

"""One look through a mount: what is new or has changed goes into the library, in batches; what is gone leaves it."""

from __future__ import annotations

import mimetypes
import os
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import structlog

from control.domain.signatures import kind_by_name
from control.settings.sections import Mount
from control.storage.sql.mounted import Mounted, MountedStore
from control.storage.sql.mounts import MountStore

log = structlog.get_logger()

# A scan that misses more than this part of a mount, and more than a few, is not believed without a person's yes.
LOSS_BELIEVED, FEW = 0.10, 3
BATCH = 500

# Served in place under their own type: only kinds that a browser plays or a person downloads.
_ALLOWED = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".flv", ".wmv", ".3gp", ".ogv", ".mpg",
    ".mpeg", ".mp3", ".m4a", ".aac", ".flac", ".ogg", ".oga", ".opus", ".wav", ".wma", ".jpg", ".jpeg", ".png", ".gif",
    ".webp", ".avif", ".heic", ".heif", ".tif", ".tiff", ".bmp", ".pdf", ".epub", ".docx", ".doc", ".txt",
)  # fmt: skip
_TYPES = {".mkv": "video/x-matroska", ".ts": "video/mp2t", ".m2ts": "video/mp2t", ".mts": "video/mp2t",
          ".flac": "audio/flac", ".opus": "audio/ogg", ".oga": "audio/ogg", ".m4a": "audio/mp4", ".wav": "audio/wav",
          ".avif": "image/avif", ".heic": "image/heic", ".heif": "image/heic", ".webp": "image/webp",
          ".ogv": "video/ogg", ".flv": "video/x-flv", ".wma": "audio/x-ms-wma", ".wmv": "video/x-ms-wmv",
          ".epub": "application/epub+zip"}  # fmt: skip


class MountScan:
    """Remembers between two scans what is in the library, so that only changes cost anything."""

    def __init__(self, mount: Mount, media: MountedStore, states: MountStore):
        self._mount, self._media, self._states = mount, media, states
        self._known: dict[str, tuple[int, int | None]] | None = None

    def register(self) -> set[str]:
        """Register what is new or another file now; return everything that is there.

        Raises OSError when some of the mount could not be read, so that nothing counts as gone.
        """
        if self._known is None:
            self._known = self._media.known(self._mount.name)
        present: set[str] = set()
        files = self._files(self._mount.path)
        self._states.note_scan(self._mount.name, 0, done=False)
        while batch := list(islice(files, BATCH)):
            self._register_batch(batch)
            present.update(file.path for file in batch)
            self._states.note_scan(self._mount.name, len(present), done=False)
        self._states.note_scan(self._mount.name, len(present), done=True)
        return present

    def _register_batch(self, batch: list[Mounted]) -> None:
        changed = [file for file in batch if self._known.get(file.path) != (file.size, file.mtime_ns)]
        if changed:
            self._media.upsert(self._mount.name, changed)
            self._known.update({file.path: (file.size, file.mtime_ns) for file in changed})

    def drop_missing(self, present: set[str]) -> None:
        """Take out of the library what is not there any more; a loss that is too large waits for a person's yes."""
        missing, name = self._known.keys() - present, self._mount.name
        state = self._states.find(name)
        doubtful = len(missing) > max(LOSS_BELIEVED * len(self._known), FEW)
        if doubtful and not state.confirmed:
            if state.missing != len(missing):
                log.warning("mount_loss_waits", mount=name, missing=len(missing), of=len(self._known))
            self._states.note_missing(name, len(missing))
            return
        if missing:
            log.info("mount_files_gone", mount=name, count=len(self._media.drop(name, missing)))
            self._known = {path: file for path, file in self._known.items() if path in present}
        if state.missing:
            self._states.note_missing(name, 0)

    def _files(self, directory: Path) -> Iterator[Mounted]:
        """Plain files of allowed types; no symbolic link is followed, neither to a file nor to a directory."""
        for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield from self._files(Path(entry.path))
            elif stat.S_ISREG(status.st_mode) and self._wanted(entry.name):
                yield self._mounted(Path(entry.path), status)

    def _wanted(self, name: str) -> bool:
        return Path(name).suffix.lower() in _ALLOWED and kind_by_name(name) in self._mount.types

    def _mounted(self, path: Path, status: os.stat_result) -> Mounted:
        below = str(path.relative_to(self._mount.path))
        ending = path.suffix.lower()
        mime = _TYPES.get(ending) or mimetypes.types_map.get(ending, "application/octet-stream")
        # A name for people: bytes that are no UTF-8 become question marks; the path keeps them.
        shown = path.name.encode("utf-8", "replace").decode()
        return Mounted(below, shown, kind_by_name(path.name), mime, status.st_size, status.st_mtime_ns)

"""The watch folder: notice files, wait until they are whole, register and queue them once."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog
from watchdog.events import (
    FileClosedEvent,
    FileClosedNoWriteEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileOpenedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from control.domain.folders import readable
from control.domain.media import SIDECARS
from control.domain.signatures import kind_by_name
from control.errors import InvalidFormat
from control.settings import Settings
from control.storage.sql.media import MediaStore
from processor.steps.refusal import NO_PLAIN_FILE

log = structlog.get_logger()

# What downloads and copies are called until they are whole.
_UNFINISHED = (".part", ".tmp", ".crdownload", ".download", ".partial", ".filepart", ".swp")

_TEXTS = tuple(ending.encode() for ending in SIDECARS)

# A file that somebody is known to hold open for writing is taken only after such a silence: its closing may have been
# missed, and a pause of a minute is no end (threat U13).
_SILENCE_SECONDS = 300


@dataclass
class Seen:
    size: int
    mtime_ns: int
    since: float  # monotonic time of the last change


class Watch:
    """`queue(media id, kind)` is awaited for each new file at rest; `texts(name)` is given subtitles that lie beside a
    film, and says whether the film is there."""

    def __init__(self, settings: Settings, media: MediaStore, queue: Callable[[str, str], Awaitable[None]],
                 texts: Callable[[bytes], bool]):  # fmt: skip
        self._root, self._imports, self._media, self._queue = settings.paths.imports, settings.imports, media, queue
        self._texts = texts
        self._seen: dict[bytes, Seen] = {}
        self._taken: dict[bytes, tuple[int, int]] = {}  # (size, mtime_ns) of what is registered already
        self._reported: set[bytes] = set()
        self.events = _Events()

    async def run(self) -> None:
        """Look at imports/ after every event and at least every `sweep_seconds`; until cancelled."""
        observer = Observer()
        observer.schedule(self.events, str(self._root), recursive=True)
        observer.start()
        try:
            while True:
                await self.sweep()
                await asyncio.sleep(self._pause())
        finally:
            observer.stop()

    def _pause(self) -> float:
        """Short while something is on its way, long when all is quiet."""
        busy = bool(self._seen) or self.events.take_alarm()
        return min(self._imports.settle_seconds / 2, self._imports.sweep_seconds) if busy else self._quiet()

    def _quiet(self) -> float:
        return min(1.0, self._imports.sweep_seconds)

    async def sweep(self) -> None:
        """One look at the whole folder."""
        present = {}
        for path, status in self._files(os.fsencode(self._root)):
            name = path[len(os.fsencode(self._root)) + 1 :]
            present[name] = status
            if not stat.S_ISREG(status.st_mode):
                await self._refuse(name, status)
            elif self._at_rest(name, path, status):
                await (self._take_up_text if name.lower().endswith(_TEXTS) else self._take_up)(name, status)
        self._seen = {name: seen for name, seen in self._seen.items() if name in present}
        self._taken = {name: taken for name, taken in self._taken.items() if name in present}

    async def _take_up(self, name: bytes, status: os.stat_result) -> None:
        shown = os.path.basename(readable(name))
        kind = kind_by_name(shown)
        media = await asyncio.to_thread(self._media.register_import, name, status, shown, kind)
        self._done_with(name, status)
        if media is not None:
            log.info("found", media=media, name=shown, bytes=status.st_size)
            await self._queue(media, kind)

    async def _take_up_text(self, name: bytes, status: os.stat_result) -> None:
        """Subtitles wait here for as long as their film is not complete."""
        try:
            if await asyncio.to_thread(self._texts, name):
                self._done_with(name, status)
            else:
                self._report(name, "waits for a film of the same name")
        except Exception as error:  # whatever is wrong with one file, the others come in
            self._report(name, f"could not be taken up: {error}")

    async def _refuse(self, name: bytes, status: os.stat_result) -> None:
        """A link, a FIFO, a device: shown as refused in the library, once, and left where it is."""
        if self._taken.get(name) != (status.st_size, status.st_mtime_ns):
            shown = os.path.basename(readable(name))
            media = await asyncio.to_thread(self._media.register_import, name, status, shown, kind_by_name(shown))
            self._done_with(name, status)
            if media is not None:
                log.warning("not_imported", media=media, name=shown, reason=NO_PLAIN_FILE)
                await asyncio.to_thread(self._media.fail, media, InvalidFormat.code, NO_PLAIN_FILE)

    def _done_with(self, name: bytes, status: os.stat_result) -> None:
        self._seen.pop(name, None)
        self._taken[name] = (status.st_size, status.st_mtime_ns)

    async def queue_forgotten(self) -> None:
        """Queue what was registered when an earlier processor ended in between."""
        for media in await asyncio.to_thread(self._media.unqueued_imports):
            log.info("queued_again", media=media.id)
            await self._queue(media.id, media.kind)

    # --- what lies there -------------------------------------------------------------------------

    def _files(self, directory: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
        """Everything below `directory` but directories; nothing is followed."""
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError as error:
            self._report(directory, f"cannot be read: {error.strerror}")
            return
        for entry in entries:
            if entry.name.startswith(b".") or entry.name.lower().endswith(tuple(map(str.encode, _UNFINISHED))):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(status.st_mode):
                yield from self._files(entry.path)
            else:
                yield entry.path, status

    def _report(self, path: bytes, reason: str) -> None:
        if path not in self._reported:
            self._reported.add(path)
            log.warning("not_imported", path=os.path.basename(readable(path)), reason=reason)

    def _at_rest(self, name: bytes, path: bytes, status: os.stat_result) -> bool:
        """Whether the file is whole: unchanged for a while, and nobody is writing it."""
        if self._taken.get(name) == (status.st_size, status.st_mtime_ns):
            return False
        seen, now = self._seen.get(name), time.monotonic()
        if seen is None or (seen.size, seen.mtime_ns) != (status.st_size, status.st_mtime_ns):
            self._seen[name] = Seen(status.st_size, status.st_mtime_ns, now)
            return False
        quiet = now - seen.since
        if quiet < self._imports.settle_seconds:
            return False
        writing = self.events.is_being_written(path) or open_for_writing(path)
        return not writing or quiet >= _SILENCE_SECONDS


def open_for_writing(path: bytes) -> bool:
    """Whether some process has the file open for writing: a read lease is refused then (fcntl(2) F_SETLEASE).

    False where leases do not work: another owner, or a network file system.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(descriptor)
    return False


class _Events(FileSystemEventHandler):
    """What inotify tells: who is writing, and that a look is due. Lost events cost only time.

    A file that is moved in from elsewhere is "created" too, but nobody opens it.
    """

    def __init__(self):
        self._created: set[bytes] = set()
        self._writing: set[bytes] = set()
        self._alarm = False

    def take_alarm(self) -> bool:
        alarm, self._alarm = self._alarm, False
        return alarm

    def is_being_written(self, path: bytes) -> bool:
        return path in self._writing

    def on_any_event(self, event: FileSystemEvent) -> None:
        path = os.fsencode(event.src_path)
        self._alarm |= not isinstance(event, FileOpenedEvent)
        if isinstance(event, FileCreatedEvent):
            self._created.add(path)
        elif isinstance(event, FileModifiedEvent) or (isinstance(event, FileOpenedEvent) and path in self._created):
            self._writing.add(path)
        elif isinstance(event, FileClosedEvent | FileClosedNoWriteEvent | FileMovedEvent | FileDeletedEvent):
            self._forget(path)

    def _forget(self, path: bytes) -> None:
        self._created.discard(path)
        self._writing.discard(path)

"""Nginx's log -> the table of receipts: every line once, whatever is killed, renamed, copied or cut off meanwhile.

Rows and position are committed in one transaction, under a lock that one processor at a time gets. A file is known by
the first request id in it (control/storage/access_log.py), so it does not matter what it is called by now.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from control import settings
from control.domain.receipts import LOCAL, Batch
from control.errors import DatabaseUnavailable
from control.storage import access_log
from control.storage.log_rotation import Rotation
from control.storage.sql.receipts import Reading, ReceiptStore
from nginx import contract
from processor.log_lines import deliveries

log = structlog.get_logger()

CHUNK_BYTES = 2 << 20  # a transaction: about 4,500 lines
FEW_LINES = 100  # not worth a transaction of their own while more are coming
LOOK_SECONDS = 0.25
RETRY_SECONDS = 2.0
EDGES_SECONDS = 2.0
ROTATE_SECONDS = 10.0
TIDY_SECONDS = 3600.0
TOLD_SECONDS = 60  # so long ago a kill may have come between a commit and its message
SKEW = timedelta(days=1)
NICENESS = 10


class Tail:
    """Reads on wherever the last one stopped. `counted(ticket)` is called after a commit for what has got further."""

    def __init__(
        self, store: ReceiptStore, directory: Path, keep_days: int, counted: Callable[[str], None], source: str = LOCAL
    ):
        self._store, self._directory, self._source = store, directory, source
        self._keep, self._counted = timedelta(days=keep_days), counted
        self._read: dict[str, int] = {}  # file -> its size when there was nothing more in it
        self._told = False

    def step(self) -> int:
        """Take up what one transaction takes; return how many lines, 0 where nothing is new."""
        if not self._told:  # what the last one has committed it may not have told
            self._tell(self._store.lately_counted(TOLD_SECONDS))
            self._told = True
        for file in access_log.files(self._directory):
            if self._read.get(file.name) != file.size:
                taken = self._take(file)
                if taken:
                    return taken
        return 0

    def _take(self, file: access_log.LogFile) -> int:
        with self._store.reading(self._source) as reading:
            if reading is None:
                return 0
            position = self._position(reading, file)
            chunk = access_log.read(file, position, CHUNK_BYTES)
            if not chunk:
                if chunk is not None:
                    self._read[file.name] = file.size
                return 0
            now = datetime.now(UTC)
            batch = deliveries(chunk, now - self._keep, now + SKEW)
            counted = reading.move(file.name, position + len(chunk), batch)
        if batch.bad_lines:
            log.warning("bad_lines", file=str(file.path), position=position, lines=batch.bad_lines)
        self._tell(counted)
        return batch.lines

    def _tell(self, tickets: Iterable[str]) -> None:
        for ticket in tickets:
            self._counted(ticket)

    def _position(self, reading: Reading, file: access_log.LogFile) -> int:
        """A crash of the machine may take an end of the log that was read already; new lines follow what is left."""
        position = reading.position(file.name)
        if file.live and file.size < position:
            log.warning("log_has_lost_its_end", file=str(file.path), position=position, size=file.size)
            reading.move(file.name, file.size, Batch())
            return file.size
        return position


def _behind_everything() -> None:
    """Deliveries come first: their receipts can wait for a quiet moment. Linux knows a niceness per thread."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


class EdgeLogs:
    """What edges have sent of their logs: a directory for each, whose pieces are read as the log here is."""

    def __init__(self, store: ReceiptStore, directory: Path, keep_days: int, counted: Callable[[str], None]):
        self._store, self._directory, self._keep, self._counted = store, directory, keep_days, counted
        self._tails: dict[Path, Tail] = {}

    def read_on(self) -> None:
        for place in self._places():
            if place not in self._tails:
                self._tails[place] = Tail(self._store, place, self._keep, self._counted, _source(place))
            while self._tails[place].step() > FEW_LINES:
                pass

    def remove_read(self) -> None:
        for place in self._places():
            Rotation(place, place / "none", 0).remove_read(self._store.positions(_source(place)))

    def _places(self) -> list[Path]:
        if not self._directory.is_dir():
            return []
        return [place for place in self._directory.iterdir() if re.fullmatch(contract.EDGE_NAME, place.name)]


def _source(place: Path) -> str:
    """In the table of positions."""
    return f"edge {place.name}"


class Receipts:
    """The processor's task: tail, rotate, forget."""

    def __init__(self, store: ReceiptStore, configuration: settings.Settings, counted: Callable[[str], None]):
        self._store = store
        paths, receipts = configuration.paths, configuration.receipts
        self._tail = Tail(store, paths.logs, receipts.keep_days, counted)
        self._rotation = Rotation(paths.logs, paths.run / "nginx.pid", receipts.log_bytes)
        self._keep = timedelta(days=receipts.keep_days)
        self._edges = EdgeLogs(store, contract.edge_logs(paths.logs), receipts.keep_days, counted)
        self._beside = ThreadPoolExecutor(4, "receipts", initializer=_behind_everything)

    async def run(self) -> None:
        """Until cancelled. Any number of processors may do it: the others stand by."""
        await asyncio.gather(
            self._every(LOOK_SECONDS, self._read_on),
            self._every(EDGES_SECONDS, self._edges.read_on),
            self._every(ROTATE_SECONDS, self._rotation.turn),
            self._every(TIDY_SECONDS, self._tidy),
        )

    async def _every(self, seconds: float, do: Callable[[], object]) -> None:
        """Whatever goes wrong: deliveries go on, and so does their log."""
        while True:
            pause = seconds
            try:
                await asyncio.get_running_loop().run_in_executor(self._beside, do)
            except DatabaseUnavailable:
                log.warning("receipts_wait")
                pause = max(seconds, RETRY_SECONDS)
            except Exception:
                log.exception("receipts_failed")
                pause = max(seconds, RETRY_SECONDS)
            await asyncio.sleep(pause)

    def _read_on(self) -> None:
        while self._tail.step() > FEW_LINES:
            pass

    def _tidy(self) -> None:
        self._rotation.remove_read(self._store.positions(LOCAL))
        self._edges.remove_read()
        if months := self._store.forget_before(datetime.now(UTC) - self._keep):
            log.info("receipts_forgotten", months=months)

"""``python -m tests.processor.tailing DATABASE SOURCE DIRECTORY STAGE COUNT``: a reader of the log that kills itself.

It dies by SIGKILL in its COUNT-th transaction: before its rows are written (STAGE 0), before the commit (1), after it (2).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from control.domain.watching import Piece
from control.storage.sql.pool import Database
from control.storage.sql.receipts import Reading, ReceiptStore
from control.storage.sql.rollups import Rollups
from processor import receipts
from tests.recount import PERIOD, SEGMENT

CHUNK_BYTES = 64 << 10


def piece(media: str, rung: str, number: int) -> Piece:
    """The films of tests.recount."""
    return Piece(number * SEGMENT * 1000, SEGMENT * 1000, number * SEGMENT // PERIOD)


def main(url: str, source: str, directory: str, fatal_stage: int, count: int) -> None:
    move, moves = Reading.move, 0

    def reached(stage: int) -> None:
        if moves == count and stage == fatal_stage:
            os.kill(os.getpid(), signal.SIGKILL)

    def watched(self, *arguments):
        nonlocal moves
        moves += 1
        reached(0)
        counted = move(self, *arguments)
        reached(1)
        return counted

    Reading.move, receipts.CHUNK_BYTES = watched, CHUNK_BYTES
    store = ReceiptStore(Database(url, 2).open(), Rollups(piece))
    tail = receipts.Tail(store, Path(directory), 365, lambda ticket: None, source)
    while True:
        if tail.step():
            reached(2)
        else:
            time.sleep(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:4], *map(int, sys.argv[4:]))

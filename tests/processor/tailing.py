"""``python -m tests.processor.tailing DATABASE SOURCE DIRECTORY ODDS``: a reader of the log that kills itself now and then.

It dies by SIGKILL, in one of `ODDS` transactions, before its rows are written, after that, or after the commit.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from control.storage.sql.pool import Database
from control.storage.sql.receipts import Reading, ReceiptStore
from processor import receipts


def die(odds: int) -> None:
    if odds and random.randrange(3 * odds) == 0:
        os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, source: str, directory: str, odds: int) -> None:
    move = Reading.move

    def fatal(self, *arguments):
        die(odds)
        counted = move(self, *arguments)
        die(odds)
        return counted

    Reading.move = fatal
    receipts.CHUNK_BYTES = 256 << 10 if odds else receipts.CHUNK_BYTES
    tail = receipts.Tail(ReceiptStore(Database(url, 2).open()), Path(directory), 365, lambda ticket: None, source)
    while True:
        if tail.step():
            die(odds)
        else:
            time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))

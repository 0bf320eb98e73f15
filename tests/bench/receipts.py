"""``deploy/test bench receipts``: lines of Nginx's log a second, read by one process on one core."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from control.storage.objects.posix import Posix
from control.storage.sql.lately import LatelyStore
from control.storage.sql.pool import Database
from control.storage.sql.receipts import ReceiptStore
from control.storage.sql.rollups import Rollups
from processor.receipts import Tail
from processor.timelines import Timelines
from tests.control.storage.conftest import private_postgres
from tests.log_lines import delivery, segment

# name -> a line: what a film makes, and what is counted for a ticket.
LINES: dict[str, Callable[[str, int], bytes]] = {
    "segments": lambda request, n: segment(request, file=f"720p/seg_{n % 1000:05d}.ts"),
    "ticketed ranges": lambda request, n: delivery(
        request, ticket=f"ticket-{n % 50}", status=206, bytes=1000, sent=f"bytes {n * 1000}-{n * 1000 + 999}/100000000000"
    ),
}


def write(directory: Path, kind: str, lines: int) -> None:
    """A log of its own: the first request id is the name of the file."""
    stamp = time.time_ns() & (1 << 64) - 1
    with (directory / "access.log").open("wb") as log:
        log.writelines(LINES[kind](f"{stamp:016x}{n:016x}", n) for n in range(lines))


def measure(url: str, kind: str, lines: int, insight: bool) -> dict[str, float]:
    """Lines a second on the clock, and of the CPU that this process and its Postgres used together."""
    directory, database = Path(tempfile.mkdtemp()), Database(url, max_size=1).open()
    try:
        write(directory, kind, lines)
        roll_up = Rollups(Timelines(Posix(directory), 10, 60).piece) if insight else None
        tail = Tail(ReceiptStore(database, roll_up), directory, 365, lambda ticket: None, "bench")
        backend = database.one("SELECT pg_backend_pid() AS pid")["pid"]
        began, used = time.monotonic(), cpu(backend)
        taken = sum(iter(tail.step, 0))
        wall, used = time.monotonic() - began, cpu(backend) - used
    finally:
        database.close()
        shutil.rmtree(directory)
    assert taken == lines, taken
    return {"per_s": lines / wall, "per_cpu_s": lines / used}


def with_running_sums(url: str) -> None:
    """Of every span, as the processor keeps them."""
    database = Database(url, max_size=1).open()
    LatelyStore(database).slide()
    database.close()


def cpu(backend: int) -> float:
    """Seconds that this process and the other one have used."""
    user, system = Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="deploy/test bench receipts", description=__doc__)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # the reader and its Postgres share one core
    report = {}
    with private_postgres() as url:
        with_running_sums(url)
        for kind in LINES:
            rivals = {kind: True, f"{kind}, no insight": False}
            rounds = [{name: measure(url, kind, options.lines, on) for name, on in rivals.items()} for _ in range(options.rounds)]
            for name in rivals:
                found = {unit: round(statistics.median(one[name][unit] for one in rounds)) for unit in rounds[0][name]}
                report[name] = found
                if not options.json:
                    print(f"receipts, {name:<28}", *(f"{unit} {value:>9,}" for unit, value in found.items()), flush=True)
    if options.json:
        json.dump(report, sys.stdout, indent=1)

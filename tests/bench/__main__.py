"""``python -m tests.bench``: rows, each with its rivals measured in turns, their medians and ratios."""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass

from tests.bench import archives, events, ingest, insight, receipts, shelves, uploads
from tests.bench.world import FILES, REPO, World, bad_sign_ins, world


@dataclass(frozen=True)
class Row:
    """`rivals` (name -> path) are compared with the first of them."""

    name: str
    rivals: dict[str, str]


def rows(place: World) -> list[Row]:
    deliveries = [
        Row(
            f"deliver {size // 1024} KiB",
            {"raw Nginx": place.raw(name), "signed prefix": place.signed(name), "auth_request": place.gated(name)},
        )
        for name, size in FILES.items()
    ]
    return [*deliveries, Row("decide", {"Falcon no-op": place.crowd("nothing"), "decision": place.crowd("decision")})]


def requests_per_second(place: World, path: str, seconds: int) -> float:
    """`path`, or a file of cookies and paths to ask in turns (World.crowd)."""
    if path.endswith(".crowd"):
        command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "-s", REPO / "tests/bench/crowd.lua", place.url]
    else:
        command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "-H", f"Cookie: {place.cookie}", place.url + path]
    environment = {**os.environ, "CROWD": path}
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise RuntimeError(f"{path}: {printed}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", printed)[1])


def measure(place: World, row: Row, rounds: int, seconds: int) -> dict[str, list[float]]:
    """Rivals in turns, so that a busy moment of the machine hits all of them."""
    results = {rival: [] for rival in row.rivals}
    for _ in range(rounds):
        for rival, path in row.rivals.items():
            results[rival].append(requests_per_second(place, path, seconds))
    return results


def ratios(results: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median requests/s, and the median of the rounds' ratios to the first rival."""
    limit = next(iter(results.values()))
    return {
        rival: {
            "per_second": round(statistics.median(found), 1),
            "ratio": round(statistics.median(one / base for one, base in zip(found, limit, strict=True)), 3),
        }
        for rival, found in results.items()
    }


def latency(place: World, seconds: int) -> dict[str, float]:
    """Milliseconds until the gate has decided, while wrk asks as fast as it can: median and 99th percentile."""
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", "-s", REPO / "tests/bench/crowd.lua", place.url]
    environment = {**os.environ, "CROWD": place.crowd("decision")}
    printed = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    if "Non-2xx" in printed or "Socket errors" in printed:
        raise RuntimeError(printed)
    units = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    found = re.findall(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s)$", printed, re.MULTILINE)
    return {f"p{percent}": round(float(number) * units[unit], 2) for percent, number, unit in found}


def gate_under_sign_ins(place: World, seconds: int) -> dict[str, dict[str, float]]:
    """Threat L05: 20 wrong sign-ins a second, each from a network and for an account of its own, so none is held up."""
    quiet = latency(place, seconds)
    with bad_sign_ins(place, per_second=20) as count:
        busy = latency(place, seconds)
    return {"without sign-ins": quiet, f"{count() / seconds:.0f} bad sign-ins a second": busy}


def show(name: str, table: dict[str, dict[str, float]]) -> None:
    for rival, found in table.items():
        print(f"{name:<34} {rival:<16} {found['per_second']:>12,.0f}/s {found['ratio']:>8.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="deploy/test bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    report = {}
    for suffix, crowd in (("", {}), (", 10k sessions 100k media", {"sessions": 10_000, "media": 100_000})):
        with world(**crowd) as place:
            place.warm_up()
            for row in rows(place)[-1:] if suffix else rows(place):
                table = ratios(measure(place, row, options.rounds, options.seconds))
                report[row.name + suffix] = table
                if not options.json:
                    show(row.name + suffix, table)
    with world() as place:
        report["gate latency, ms"] = gate_under_sign_ins(place, 2 * options.seconds)
        if not options.json:
            for name, found in report["gate latency, ms"].items():
                print(f"{'gate latency':<34} {name:<30} {found}", flush=True)
    if options.json:
        json.dump(report, sys.stdout, indent=1)


# What has a world of its own.
OTHERS = {
    "archives": archives.main, "events": events.main, "ingest": ingest.main, "insight": insight.main, "library": shelves.main, "receipts": receipts.main,
    "uploads": uploads.main,
}  # fmt: skip

if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in OTHERS:
        OTHERS[sys.argv[1]](sys.argv[2:])
    else:
        main()

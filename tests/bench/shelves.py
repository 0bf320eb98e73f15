"""`deploy/test bench library`: what people ask of a library of 10,000 and of 1,000,000 media, in turns."""

from __future__ import annotations

import argparse
import statistics
import time

from control.storage.sql.pool import Database
from tests.control.storage.conftest import private_postgres
from tests.generated_media import generate
from tests.library_questions import deep, questions


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="deploy/test bench library", description=__doc__)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args(arguments)
    with private_postgres() as small, private_postgres() as large:
        rivals = [_asked(small, options.small), _asked(large, options.large)]
        print(f"{'ms, p50 and p95':<38} {options.small:>16,} {options.large:>18,}   p95 ratio")
        for name in rivals[0]:
            show(name, *measure([rival[name] for rival in rivals], options.rounds))


def _asked(url: str, count: int) -> dict:
    owners = generate(url, count)
    database = Database(url, max_size=2).open()
    return questions(database, owners[0]) | {"the middle, by cursor": deep(database)}


def measure(asks: list, rounds: int) -> list[list[float]]:
    """Milliseconds of each, in turns; the first round warms up."""
    times: list[list[float]] = [[] for _ in asks]
    for number in range(rounds + 1):
        for ask, found in zip(asks, times, strict=True):
            began = time.perf_counter()
            ask()
            if number:
                found.append(1000 * (time.perf_counter() - began))
    return times


def show(name: str, small: list[float], large: list[float]) -> None:
    (_, a), (_, b) = pair = [(statistics.median(found), statistics.quantiles(found, n=20)[-1]) for found in (small, large)]
    print(f"{name:<38} {pair[0][0]:>7.1f} {a:>8.1f} {pair[1][0]:>9.1f} {b:>8.1f} {b / a:>11.2f}", flush=True)

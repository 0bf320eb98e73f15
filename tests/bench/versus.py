"""The same questions to a small database and to a large one, in turns: how many times as long does the large one take?"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from control.storage.sql.pool import Database

WANTED = 3.0  # times as long, at most

Questions = dict[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds: on the clock, the median and the 95th percentile; of the database's CPU, the median."""

    middle: float
    p95: float
    cpu: float


class Rival:
    """A database that is asked over one connection, so that its CPU time can be read."""

    def __init__(self, url: str):
        self.database = Database(url, max_size=1).open()
        self._backend = Path(f"/proc/{self.database.one('SELECT pg_backend_pid() AS pid')['pid']}/schedstat")

    def cpu(self) -> float:
        """Milliseconds so far."""
        return int(self._backend.read_text().split()[0]) / 1e6


def compare(rivals: Sequence[Rival], questions: Sequence[Questions], times: int, only: str = "") -> dict[str, list[Took]]:
    """Each question with `only` in its name as often as that, in turns, so that a busy moment hits both; row by row."""
    found = {}
    for name in (name for name in questions[0] if only in name):
        found[name] = _in_turns(rivals, [asks[name] for asks in questions], times)
        print(_row(name, *found[name]), flush=True)
    print(_sentence("p95", found), _sentence("cpu", found), sep="\n", flush=True)
    return found


def _in_turns(rivals: Sequence[Rival], asks: list[Callable[[], object]], times: int) -> list[Took]:
    took: list[list[tuple[float, float]]] = [[], []]
    for _ in range(times + 1):
        for rival, ask, one in zip(rivals, asks, took, strict=True):
            cpu, began = rival.cpu(), time.perf_counter()
            ask()
            clock = 1000 * (time.perf_counter() - began)
            one.append((clock, rival.cpu() - cpu))
    return [_took(one[1:]) for one in took]  # the first one warms up


def _took(measured: list[tuple[float, float]]) -> Took:
    clock, cpu = zip(*measured, strict=True)
    return Took(statistics.median(clock), statistics.quantiles(clock, n=20)[-1], statistics.median(cpu))


# --- as a table -----------------------------------------------------------------------------------


def header(what: str, small: int, large: int) -> None:
    print(f"{what}; ms: p50, p95, and the database's CPU (p50)\n")
    print(f"{'':<38}{small:>24,}{large:>26,}  {'times as long':>22}  wanted")
    print(f"{'':<38}{'p50':>8}{'p95':>8}{'cpu':>8}{'p50':>10}{'p95':>8}{'cpu':>8}  {'p95':>11}{'cpu':>11}", flush=True)


def _row(name: str, small: Took, large: Took) -> str:
    ratios = large.p95 / small.p95, large.cpu / small.cpu
    numbers = f"{small.middle:>8.2f}{small.p95:>8.2f}{small.cpu:>8.2f}{large.middle:>10.2f}{large.p95:>8.2f}{large.cpu:>8.2f}"
    return f"{name:<38}{numbers}  {ratios[0]:>11.2f}{ratios[1]:>11.2f}  <= {WANTED:g}{'' if ratios[0] <= WANTED else '  MISSED'}"


def _sentence(column: str, found: dict[str, list[Took]]) -> str:
    ratios = {name: getattr(large, column) / getattr(small, column) for name, (small, large) in found.items()}
    worst = max(ratios, key=ratios.__getitem__)
    within = sum(ratio <= WANTED for ratio in ratios.values())
    return f"{column}: {within} of {len(ratios)} within {WANTED:g}; the worst is {ratios[worst]:.2f} ({worst})"

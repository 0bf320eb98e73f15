"""``deploy/test bench ingest``: what the processor costs, beside the bare tools that it is made of."""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from processor.sandbox import available
from tests.bench import films, photos
from tests.bench.cost import Cost, cost_of

_COMPARED = 50  # photos at most that every rival makes; all of them are made once
_BATCH = 10
_IN_A_STACK = 100

Show = Callable[[str, dict], None]


def films_rows(directory: Path, options: argparse.Namespace, show: Show) -> None:
    made = {kind: films.make_film(directory, kind, options.film_seconds) for kind in films.KINDS}
    for kind, film in made.items():
        pairs = list(films.costs(film, options.rounds))
        for name, measured in zip(("bare ffmpeg", "pipeline"), zip(*pairs, strict=True), strict=True):
            ratio = statistics.median(one.cpu / pair[0].cpu for one, pair in zip(measured, pairs, strict=True))
            cpu, wall = _median(measured, "cpu"), _median(measured, "wall")
            show(f"film, {kind} 1080p, {name}", {"cpu_s": cpu, "wall_s": wall, "ratio": ratio})
    _first_segments(made, options, show)


def _first_segments(made: dict[str, Path], options: argparse.Namespace, show: Show) -> None:
    every = [film for short in made.values() for film in (short, films.make_long(short))]
    for film in every:
        alone = statistics.median(films.seconds_to_playable(film) for _ in range(options.rounds))
        in_a_stack = {"stack_s": films.seconds_to_playable_in_a_stack(film)} if options.stack else {}
        length = options.film_seconds * (films.LONG if "long" in film.stem else 1)
        show(f"time to play, {film.stem.split('-')[0]}, {length} s", {"pipeline_s": alone} | in_a_stack)


def photos_rows(directory: Path, options: argparse.Namespace, show: Show) -> None:
    every = cost_of(lambda: photos.make_photos(directory, options.photos)).outcome  # a child's memory begins as ours
    some = every[:_COMPARED]
    rounds = list(photos.costs(some, _BATCH))
    for rival in rounds[0]:
        costs = [one[rival] for one in rounds]
        per_core = len(some) / sum(cost.cpu for cost in costs)
        ratio = statistics.median(one["bare Pillow loop"].cpu / one[rival].cpu for one in rounds)
        wall = len(some) / sum(cost.wall for cost in costs)
        show(f"photos, {rival}", {"per_s_and_core": per_core, "per_s": wall, "ratio": ratio})
    cost, marks = photos.long_run(every)
    mib = {f"at {mark}, MiB": used / 2**20 for mark, used in marks.items()}
    show(f"memory of {len(every)} photos", {**mib, "child, MiB": cost.peak / 2**20, "per_s": len(every) / cost.wall})
    if options.stack:
        show("photos, whole stack", {"per_s": photos.per_second_in_a_stack(every[:_IN_A_STACK])})


def _median(costs: Sequence[Cost], what: str) -> float:
    return statistics.median(getattr(cost, what) for cost in costs)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="deploy/test bench ingest", description=__doc__)
    parser.add_argument("--only", choices=("films", "photos"))
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--film-seconds", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-stack", dest="stack", action="store_false", help="without the rows of a running Sluice")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    report: dict[str, dict] = {}

    def show(name: str, found: dict) -> None:
        report[name] = {column: round(value, 3) for column, value in found.items()}
        if not options.json:
            print(f"{name:<36}", *(f"{column} {value:<8}" for column, value in report[name].items()), flush=True)

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    available()  # asked once, before anything is measured
    for kind, rows in (("films", films_rows), ("photos", photos_rows)):
        if options.only in (None, kind):
            with tempfile.TemporaryDirectory() as directory:
                rows(Path(directory), options, show)
    if options.json:
        json.dump(report, sys.stdout, indent=1)

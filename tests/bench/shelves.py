"""`deploy/test bench library`: what people ask of a library of 10,000 and of 1,000,000 media, in turns."""

from __future__ import annotations

import argparse

from control.storage.sql.pool import Database
from tests.bench.versus import Questions, Rival, compare, header
from tests.control.storage.conftest import private_postgres
from tests.generated_media import generate
from tests.library_questions import deep, questions


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="deploy/test bench library", description=__doc__)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--only", default="", help="questions with this in their name")
    options = parser.parse_args(arguments)
    with private_postgres() as small, private_postgres() as large:
        counts = options.small, options.large
        owners = [generate(url, count)[0] for url, count in zip((small, large), counts, strict=True)]
        rivals = Rival(small), Rival(large)
        header("library, pages of so many media", *counts)
        asked = [_asked(rival.database, owner) for rival, owner in zip(rivals, owners, strict=True)]
        compare(rivals, asked, options.rounds, options.only)


def _asked(database: Database, viewer: str) -> Questions:
    return questions(database, viewer) | {"the middle, by cursor": deep(database)}

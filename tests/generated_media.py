"""A library of any size: rows of media as people have them, made the same way every time, put in by COPY."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg

FREQUENT, RARE, TYPO, CORRECT = "summer", "quixotic", "vaccation", "vacation"
OWNERS = 50
_SYLLABLES = ["ba", "co", "da", "el", "fi", "go", "hu", "in", "jo", "ka", "lo", "mi", "na", "or", "pe", "qua", "ri", "sa", "te", "um", "va", "we", "xi", "yo", "zu", "an", "ber", "chi", "dro", "est"]
_PLACES = ["Lisbon", "Kyoto", "Oslo", "Berlin", "Sao Paulo", "Nice", "Riga", "Home", "Garden", "Lake"]
_SIZES = {"video": (50, 9000), "image": (1, 12), "audio": (2, 40), "document": (0, 30)}  # MB
_COLUMNS = """name, kind, size_bytes, source, original, visibility, state, progress, duration, width, height, owner_id,
    tags, folder, mount, path, created_at"""


def generate(url: str, count: int, seed: int = 7) -> list[str]:
    """Fill an empty library with `count` media of OWNERS users; returns the ids of the users, the busiest first.

    Indexes are made after the rows: with them, a million rows would take ten times as long.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE media, spellings CASCADE")
        owners = [_user(connection, number) for number in range(OWNERS)]
        with connection.transaction(), _without_indexes(connection, count):
            _copy(connection, rows(count, owners, random.Random(seed)))
        connection.execute("VACUUM ANALYZE media")
        connection.execute("VACUUM ANALYZE spellings")
    return owners


def _user(connection: psycopg.Connection, number: int) -> str:
    return connection.execute(
        """INSERT INTO users (username, role, password_hash) VALUES (%s, 'viewer', '')
           ON CONFLICT (lower(username)) DO UPDATE SET role = 'viewer' RETURNING id::text""",
        [f"generated{number}"],
    ).fetchone()[0]


class _without_indexes:
    """Those that a list is made by are dropped and made again."""

    def __init__(self, connection: psycopg.Connection, count: int):
        self._connection, self._worth_it = connection, count > 20_000

    def __enter__(self) -> None:
        self._definitions = []
        if self._worth_it:
            self._definitions = self._connection.execute(
                """SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'media' AND NOT EXISTS (
                       SELECT FROM pg_constraint WHERE conname = indexname)"""
            ).fetchall()
        for name, _ in self._definitions:
            self._connection.execute(f'DROP INDEX "{name}"')

    def __exit__(self, *error) -> None:
        self._connection.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for _, definition in self._definitions:
            self._connection.execute(definition)


def _copy(connection: psycopg.Connection, lines: Iterator[str]) -> None:
    with connection.cursor().copy(f"COPY media ({_COLUMNS}) FROM STDIN") as copy:
        for line in lines:
            copy.write(line)


def rows(count: int, owners: list[str], dice: random.Random) -> Iterator[str]:
    """Lines of COPY's text format."""
    vocabulary, weights = _vocabulary(dice)
    tags = [f"tag {word}" for word in vocabulary[:300]]
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for number in range(count):
        kind = dice.choices(("image", "audio", "video", "document"), (60, 22, 14, 4))[0]
        words = dice.choices(vocabulary, cum_weights=weights, k=3)
        words += [FREQUENT] * (number % 10 == 0) + [RARE] * (number % max(count // 5, 1) == 3)
        words += [CORRECT] * (number % max(count // 200, 1) == 0)
        added = start + timedelta(seconds=number * 180_000_000 / count + dice.random())
        yield "\t".join(_row(dice, kind, words, added, tags, weights, owners)) + "\n"


def _vocabulary(dice: random.Random) -> tuple[list[str], list[float]]:
    """Four thousand words, few of them frequent, as in any language."""
    words = list({"".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) for _ in range(4000)})
    words.sort()
    weights, total = [], 0.0
    for rank in range(len(words)):
        total += 1 / (rank + 5)
        weights.append(total)
    return words, weights


def _row(dice, kind, words, added, tags, weights, owners) -> list[str]:
    name = _name(dice, kind, words, added)
    source = dice.choices(("import", "upload", "mount"), (45, 35, 20))[0]
    owner = owners[min(int(dice.expovariate(0.12)), len(owners) - 1)] if source == "upload" else r"\N"
    visibility = dice.choices(("private", "library", "public"), (60, 35, 5) if source == "upload" else (2, 93, 5))[0]
    state = dice.choices(("completed", "failed", "pending"), (985, 10, 5))[0]
    folder = f"{dice.choice(_PLACES)}/{added.year}/{dice.choice(words)}"
    mounted = source == "mount"
    own = dice.choices(tags, cum_weights=weights[: len(tags)], k=dice.randint(1, 3)) if dice.random() < 0.4 else []
    least, most = _SIZES[kind]
    timed = kind in ("video", "audio") and state == "completed"
    return [
        name, kind, str(int(dice.uniform(least, most) * 1_000_000) + 1), source,
        "mount" if mounted else "kept", visibility, state, "100" if state == "completed" else "0",
        f"{dice.uniform(5, 7200 if kind == 'video' else 600):.2f}" if timed else r"\N",
        "1920" if kind in ("video", "image") else r"\N", "1080" if kind in ("video", "image") else r"\N", owner,
        "{" + ",".join(f'"{tag}"' for tag in dict.fromkeys(own)) + "}",
        folder if source == "upload" else "", "drive" if mounted else r"\N",
        rf"\\x{f'{folder}/{name} {dice.getrandbits(48):x}'.encode().hex()}" if mounted else r"\N",
        added.isoformat(),
    ]  # fmt: skip


def _name(dice: random.Random, kind: str, words: list[str], added: datetime) -> str:
    said = " ".join(words)
    if kind == "image":
        return f"IMG_{added:%Y%m%d_%H%M%S} {said}.jpg" if len(words) > 3 or dice.random() < 0.5 else f"IMG_{added:%Y%m%d_%H%M%S}.jpg"
    if kind == "audio":
        return f"{dice.randint(1, 20):02d} - {said}.mp3"
    return f"{said.title()} ({added.year}) 1080p.mkv" if kind == "video" else f"{said} {added:%Y-%m}.pdf"

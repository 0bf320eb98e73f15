"""``deploy/test bench insight``: every question of the insight pages over the sums of few receipts and of many.

The sums of many receipts are made by SQL of sittings, as those receipts would have made them: of few, both ways are
compared row by row (`--rows` receipts really go through processor's rollups).
"""

from __future__ import annotations

import argparse
import hashlib
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from control.domain.insight import LENGTHS, SPANS, Span, lately, span
from control.domain.receipts import Batch, Delivery, Receipt
from control.domain.watching import Piece
from control.storage.sql.history import HistoryStore
from control.storage.sql.insight import InsightStore
from control.storage.sql.lately import LatelyStore
from control.storage.sql.pool import Database
from control.storage.sql.receipts import ReceiptStore
from control.storage.sql.rollups import Rollups
from tests.bench.versus import Questions, Rival, compare, header
from tests.control.storage.conftest import private_postgres

USERS, MEDIA, DAYS = 300, 3000, 60
USER = str(uuid.UUID(hashlib.md5(b"user7", usedforsecurity=False).hexdigest()))
PIECES = 100  # of a sitting on average, with a key for every six
SEGMENT_BYTES, KEY_BYTES = 1_500_000, 16
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
SUMS = ("deliveries", "errors", "media", "users", "watching", "lengths", "heat")
RUNNING = [f"insight_{subject}_{name}" for subject in ("media", "users") for name in ("lately", "weeks")]

_WORLD = f"""
    SELECT setseed(0.5);
    INSERT INTO users (id, username, password_hash)
        SELECT md5('user' || n)::uuid, 'user ' || n, '' FROM generate_series(1, {USERS}) n;
    INSERT INTO media (id, name, kind, size_bytes, source, state, duration)
        SELECT md5('media' || n)::uuid, 'film ' || n, 'video', 1000000000 + n, 'import', 'completed', 3000
        FROM generate_series(1, {MEDIA}) n;
    INSERT INTO sessions (id, user_id, device_id, device_name, device_type, address, refresh_hash, expires_at)
        SELECT id, id, '', '', '', '::1', '', now() FROM users;
    CREATE TABLE sittings (number bigint, user_id uuid, media_id uuid, begins timestamptz, pieces int, keys int)"""
# Within one hour each, so that what belongs to which hour needs no simulation.
_SITTINGS = f"""
    SELECT setseed(0.7);
    INSERT INTO sittings SELECT number, user_id, media_id, begins, pieces, ceil(pieces / 6.0) FROM (
        SELECT n AS number, md5('user' || 1 + floor(random() * {USERS})::int)::uuid AS user_id,
            md5('media' || 1 + floor({MEDIA} * random() ^ 3)::int)::uuid AS media_id,
            %(now)s - make_interval(hours => 1 + floor(random() * {DAYS * 24})::int) AS begins,
            1 + floor(random() * {2 * PIECES})::int AS pieces
        FROM generate_series(1, %(count)s) n) made"""
_GRAINS = "(VALUES ('h', 'hour'), ('d', 'day')) grains(grain, step)"
_AT = "date_trunc(step, begins, 'UTC')"
_FILL = {
    "insight_deliveries": f"""
        SELECT grain, {_AT}, kind, sum(CASE kind WHEN 'key' THEN keys ELSE pieces END),
            sum(CASE kind WHEN 'key' THEN keys * {KEY_BYTES} ELSE pieces * {SEGMENT_BYTES}::bigint END)
        FROM sittings, (VALUES ('key'), ('segment')) kinds(kind), {_GRAINS} GROUP BY 1, 2, 3""",
    "insight_media": f"""
        SELECT grain, {_AT}, media_id, count(DISTINCT user_id), count(*), 0, 0, 0, sum(pieces) * 10000, 0,
            sum(pieces * {SEGMENT_BYTES}::bigint + keys * {KEY_BYTES})
        FROM sittings, {_GRAINS} GROUP BY 1, 2, 3""",
    "insight_users": f"""
        SELECT grain, {_AT}, user_id, sum(pieces) * 10000, count(*), count(*), 0 FROM sittings, {_GRAINS}
        GROUP BY 1, 2, 3""",
    "insight_watching": f"""
        SELECT grain, {_AT}, count(DISTINCT user_id), sum(pieces) * 10000, count(*) FROM sittings, {_GRAINS}
        GROUP BY 1, 2""",
    "insight_lengths": f"""
        SELECT grain, {_AT}, least((SELECT count(*) FROM unnest(%(ends)s::int[]) e WHERE e < pieces * 10), %(last)s),
            count(*) FROM sittings, {_GRAINS} GROUP BY 1, 2, 3""",
    "insight_heat": """
        SELECT media_id, 's', part, count(*) FROM sittings, generate_series(0, pieces - 1) part GROUP BY 1, 3""",
    "history": """
        SELECT user_id, media_id, min(begins), max(begins + make_interval(secs => 10 * (pieces - 1))),
            max(extract(epoch FROM begins)::bigint + 10 * (pieces - 1)), count(*), sum(pieces) * 10000, 0
        FROM sittings GROUP BY 1, 2""",
}  # fmt: skip
_EVERYTHING = """
    TRUNCATE insight_media_lately, insight_users_lately, insight_media_weeks, insight_users_weeks;
    INSERT INTO insight_media_weeks SELECT date_trunc('week', at, 'UTC'), media_id, sum(views), sum(watched_ms),
        sum(downloads) FROM insight_media WHERE grain = 'd' GROUP BY 1, 2;
    INSERT INTO insight_users_weeks SELECT date_trunc('week', at, 'UTC'), user_id, sum(watched_ms), sum(views),
        sum(sittings), sum(downloads) FROM insight_users WHERE grain = 'd' GROUP BY 1, 2;
    UPDATE insight_spans SET start = to_timestamp(0), stop = to_timestamp(0) WHERE span <> 'all';
    INSERT INTO insight_media_lately SELECT 'all', media_id, sum(views), sum(watched_ms), sum(downloads)
        FROM insight_media WHERE grain = 'd' GROUP BY media_id;
    INSERT INTO insight_users_lately SELECT 'all', user_id, sum(watched_ms), sum(views), sum(sittings), sum(downloads)
        FROM insight_users WHERE grain = 'd' GROUP BY user_id"""
_LIBRARY = f"""
    INSERT INTO insight_storage SELECT date_trunc('day', now(), 'UTC') - make_interval(days => d), kind, 'completed',
        1000 - d, (1000 - d) * 1000000000::bigint FROM generate_series(0, {DAYS}) d,
        (VALUES ('video'), ('audio'), ('image'), ('document')) kinds(kind);
    INSERT INTO insight_searches SELECT date_trunc('day', now(), 'UTC') - make_interval(days => d), 'term ' || t, 1 + t,
        t, mod(t, 2) FROM generate_series(0, {DAYS}) d, generate_series(1, 100) t"""


def fill(url: str, sittings: int) -> None:
    """Sittings, and the sums of their receipts by SQL alone: with a patience that the pool's connections have not."""
    with psycopg.connect(url) as connection:
        connection.execute(f"TRUNCATE sittings, {', '.join(_FILL)}, viewings")
        parameters = {"now": NOW, "count": sittings, "ends": LENGTHS, "last": len(LENGTHS) - 1}
        for statement in _SITTINGS.split(";"):
            connection.execute(statement, parameters)
        for table, select in _FILL.items():
            connection.execute(f"INSERT INTO {table} {select}", parameters)
    sum_up(url)


def sum_up(url: str) -> None:
    """The running sums of the sums that there are."""
    with psycopg.connect(url) as connection:
        connection.execute(_EVERYTHING)
    database = Database(url, max_size=1).open()
    LatelyStore(database).slide()
    database.close()


def receipts_of(sitting: dict) -> list[Receipt]:
    """A player that shows each piece as it comes."""
    grant, found = f"{sitting['number']:032x}", []
    for number in range(sitting["pieces"]):
        at = sitting["begins"] + timedelta(seconds=10 * number)
        plain = Receipt(
            at=at, request=f"{grant}", user_id=str(sitting["user_id"]), grant_id=grant, ticket=None,
            media_id=str(sitting["media_id"]), kind="segment", rung="720p", segment=number, range_start=0,
            range_end=SEGMENT_BYTES, size=SEGMENT_BYTES, bytes=SEGMENT_BYTES, status=200, complete=True, seconds=0.1,
            address=None, agent="",
        )  # fmt: skip
        if number % 6 == 0:
            found.append(plain._replace(kind="key", segment=number // 6, bytes=KEY_BYTES, range_end=KEY_BYTES))
        found.append(plain)
    return found


def roll_up(database: Database) -> int:
    """The same sums by what the processor does with the receipts of the sittings; returns how many there were."""
    store = ReceiptStore(database, Rollups(lambda media, rung, n: Piece(n * 10_000, 10_000, n // 6)))
    rows, count = database.all("SELECT * FROM sittings ORDER BY begins, number"), 0
    for start in range(0, len(rows), 40):
        batch = [Delivery(one) for row in rows[start : start + 40] for one in receipts_of(row)]
        with store.reading("bench") as reading:
            reading.move("bench", start + 1, Batch(batch, len(batch)))
        count += len(batch)
    return count


def contents(database: Database) -> dict[str, list]:
    return {
        table: database.all(f"SELECT * FROM {table} t ORDER BY t::text")
        for table in (*(f"insight_{name}" for name in SUMS), "insight_spans", *RUNNING, "history")
    }


def prove(url: str) -> int:
    """Both ways make the same rows; returns of how many receipts."""
    database = Database(url, max_size=1).open()
    try:
        by_sql = contents(database)
        database.run(f"TRUNCATE {', '.join([*_FILL, *RUNNING])}")
        count = roll_up(database)
        by_receipts = contents(database)
    finally:
        database.close()
    for table, rows in by_sql.items():
        assert rows == by_receipts[table], table
    return count


# --- every question -------------------------------------------------------------------------------


def questions(database: Database) -> Questions:
    """Of the spans that there are now, and of one of somebody's own."""
    store, now = InsightStore(database), datetime.now(UTC)
    spans = {name: lately(name, now) for name in SPANS} | {
        "own": span(now - timedelta(days=45), now - timedelta(days=3), "d"),
        "own week": span(now - timedelta(days=30), now - timedelta(days=24), "d"),
    }
    found: Questions = {}
    for name, one in spans.items():
        asks = _of_span(store, name, one)
        found |= asks | {f"all of a page {name}": lambda asks=asks: [ask() for ask in asks.values()]}
    return found | _of_one(database, store)


def _of_span(store: InsightStore, name: str, one: Span) -> Questions:
    return {
        f"popular {name}": lambda: store.popular(one, None, False, USER, 20),
        f"popular {name}, of one kind": lambda: store.popular(one, "audio", False, USER, 20),
        f"watching {name}": lambda: store.watching(one),
        f"active users {name}": lambda: store.active_users(one),
        f"most active {name}": lambda: store.most_active(one, 20),
        f"lengths {name}": lambda: store.lengths(one),
        f"deliveries {name}": lambda: store.deliveries(one),
        f"errors {name}": lambda: store.errors(one),
        f"searches {name}": lambda: store.searches(one.days, False, 20),
        f"searches without a hit {name}": lambda: store.searches(one.days, True, 20),
        f"growth {name}": lambda: store.growth(one.days),
    }


def _of_one(database: Database, store: InsightStore) -> Questions:
    """Of a media, of a user, and of the library."""
    history, eyes = HistoryStore(database), ["public", "library"]
    media = str(database.one("SELECT media_id FROM insight_heat GROUP BY 1 ORDER BY sum(times) DESC LIMIT 1")["media_id"])
    last = history.page(USER, eyes, 50)[-1]
    return {
        "heat": lambda: store.heat(media), "of media": lambda: store.of_media(media), "storage": store.storage,
        "owners": lambda: store.owners(20), "history": lambda: history.page(USER, eyes, 50),
        "history, a later page": lambda: history.page(USER, eyes, 50, (last["last_at"], last["media_id"])),
    }  # fmt: skip


def prepared(url: str, sittings: int) -> None:
    """A library with the sums of so many sittings."""
    with psycopg.connect(url) as connection:
        for statement in (_WORLD + ";" + _LIBRARY).split(";"):
            connection.execute(statement)
    fill(url, sittings)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="deploy/test bench insight", description=__doc__)
    parser.add_argument("--few", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=60)
    parser.add_argument("--only", default="", help="questions with this in their name")
    options = parser.parse_args(arguments)
    each = PIECES + PIECES // 6 + 1
    with private_postgres() as few, private_postgres() as many:
        prepared(few, options.few // each)
        compared = prove(few)
        print(f"sums of {compared:,} receipts and of their sittings: the same rows")
        prepared(many, options.many // each)
        rivals = Rival(few), Rival(many)
        header("insight, sums of so many receipts", options.few, options.many)
        compare(rivals, [questions(rival.database) for rival in rivals], options.times, options.only)
        for rival in rivals:
            rival.database.close()

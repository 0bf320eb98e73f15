"""Rollups: the same as a recount of the receipts one by one, whatever batches they come in."""

from __future__ import annotations

import random
import secrets
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from control.domain.receipts import Aside, Batch, Beat, Delivery, Receipt
from control.storage.sql.history import HistoryStore
from control.storage.sql.insight import InsightStore
from control.storage.sql.lately import LatelyStore
from control.storage.sql.receipts import ReceiptStore
from control.storage.sql.rollups import Rollups
from tests.processor.tailing import piece
from tests.recount import PERIOD, SEGMENT, Recount, astray, sums

NOW = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=30)
FILM_SECONDS = 600


class World:
    """A film and its viewers, of this test alone."""

    def __init__(self, database, users: int = 2):
        self.database, self.media, self.receipts = database, str(uuid.uuid4()), []
        self.store = ReceiptStore(database, Rollups(piece))
        database.run(
            "INSERT INTO media (id, name, kind, size_bytes, source, duration) VALUES (%s, 'a', 'video', 1, 'import', %s)",
            [self.media, FILM_SECONDS],
        )  # fmt: skip
        self.users = [self._user() for _ in range(users)]
        self.grants = {}

    def _user(self) -> str:
        asked = "INSERT INTO users (username, password_hash) VALUES (%s, '') RETURNING id::text"
        return self.database.one(asked, [secrets.token_hex(8)])["id"]

    def grant(self, user: str, portable: bool = False) -> str:
        session, grant = str(uuid.uuid4()), secrets.token_hex(16)
        self.database.run(
            """INSERT INTO sessions (id, user_id, device_id, device_name, device_type, address, refresh_hash, expires_at)
               VALUES (%s, %s, %s, '', '', '::1', '', now())""", [session, user, session])  # fmt: skip
        self.database.run(
            """INSERT INTO grants (id, media_id, user_id, session_id, portable, expires_at)
               VALUES (%s, %s, %s, %s, %s, now())""", [grant, self.media, user, session, portable])  # fmt: skip
        self.grants[grant] = user
        return grant

    def receipt(self, second: int, kind: str = "segment", **fields) -> Receipt:
        plain = Receipt(
            at=NOW + timedelta(seconds=second), request=secrets.token_hex(16), user_id=None, grant_id=None, ticket=None,
            media_id=self.media, kind=kind, rung="720p" if kind in ("segment", "key") else None, segment=None,
            range_start=0, range_end=1000, size=1000, bytes=1000, status=200, complete=True, seconds=0.1, address="::1",
            agent="",
        )  # fmt: skip
        return plain._replace(**fields)

    def take(self, *receipts: Receipt, beats: list[Beat] = ()) -> None:
        with self.store.reading(self.media) as reading:
            reading.move("f", 1, Batch([Delivery(one) for one in receipts], 1, aside=Aside(beats=list(beats))))

    def watch(self, grant: str, *events: tuple[int, int | str]) -> None:
        """(second, segment), or (second, "key N")."""
        self.take(*(self.event(grant, *event) for event in events))

    def event(self, grant: str, second: int, what: int | str) -> Receipt:
        if isinstance(what, str):
            return self.receipt(second, "key", grant_id=grant, segment=int(what.split()[1]))
        return self.receipt(second, grant_id=grant, segment=what)

    def one(self, columns: str, table: str, where: str = "TRUE") -> tuple:
        row = self.database.one(f"SELECT {columns} FROM {table} WHERE media_id = %s AND {where}", [self.media])
        return tuple(row.values())

    @property
    def watched(self) -> int:
        """Seconds."""
        return int(self.one("coalesce(sum(watched_ms), 0) / 1000 AS s", "insight_media", "grain = 'd'")[0])

    def heat(self, unit: str = "s") -> dict[int, int]:
        rows = self.database.all(
            "SELECT part, times FROM insight_heat WHERE media_id = %s AND unit = %s", [self.media, unit]
        )
        return {row["part"]: row["times"] for row in rows}


@pytest.fixture
def world(database) -> World:
    return World(database)


# --- what counts ----------------------------------------------------------------------------------


def test_what_was_only_prefetched_is_not_counted(world):
    grant = world.grant(world.users[0])
    world.watch(grant, (0, "key 0"), *((0, n) for n in range(6)))
    assert world.watched == SEGMENT  # the piece that is on the screen
    world.watch(grant, (31, 6))
    assert world.watched == 4 * SEGMENT


def test_nothing_is_watched_without_its_key(world):
    grant = world.grant(world.users[0])
    world.watch(grant, *((n * 10, n) for n in range(12)))
    assert world.watched == 0
    world.watch(grant, (120, "key 0"))
    assert world.watched == 6 * SEGMENT and set(world.heat()) == set(range(6))
    world.watch(grant, (130, "key 1"))
    assert world.watched > 6 * SEGMENT


def test_a_jump_forgets_what_was_fetched_before_it(world):
    grant = world.grant(world.users[0])
    world.watch(grant, (0, "key 0"), (0, 0), (0, 1), (0, 2), (1, "key 5"), (1, 30), (11, 31), (21, 32), (31, 33))
    assert set(world.heat()) == {0, 30, 31, 32}


def test_another_quality_is_no_second_look_and_neither_is_its_sound(world):
    grant = world.grant(world.users[0])
    first = world.event(grant, 0, 0)
    world.take(
        world.event(grant, 0, "key 0"), first, first._replace(rung="360p"), first._replace(rung="audio0"),
        first._replace(rung="text0"), world.event(grant, 60, 1),
    )  # fmt: skip
    assert world.heat() == {0: 1, 1: 1}


def test_watching_it_again_is(world):
    grant = world.grant(world.users[0])
    world.watch(grant, (0, "key 0"), *((n * 10, n % 5) for n in range(20)))
    assert max(world.heat().values()) == 4 and world.one("views", "insight_media", "grain = 'd'") == (1,)


def test_a_page_that_tells_its_position_says_that_somebody_is_there(world):
    grant, user = world.grant(world.users[0]), world.users[0]
    world.watch(grant, (0, "key 0"), (0, 0), (0, 1), (0, 2))
    beat = Beat(NOW + timedelta(seconds=25), user, world.media, 0)
    world.take(beats=[beat, beat._replace(user_id=world.users[1])])
    assert world.watched == 3 * SEGMENT


def test_sittings_views_and_viewers(world):
    first, second = world.users
    for user, begins in ((first, 0), (first, 4000), (second, 8000)):
        world.watch(world.grant(user), (begins, "key 0"), *((begins + n * 10, n) for n in range(5)))
    days = (NOW + timedelta(seconds=8000)).date() != NOW.date()
    views, viewers = world.one("sum(views)::int AS v, max(viewers) AS w", "insight_media", "grain = 'd'")
    assert (views, viewers) == (3, 2) or days
    rows = world.database.all("SELECT views, watched_ms FROM history WHERE media_id = %s ORDER BY views", [world.media])
    assert [tuple(row.values()) for row in rows] == [(1, 50_000), (2, 100_000)]


def test_portable_players_and_visitors_of_shares_are_told_apart(world, database):
    owner = world.users[0]
    share = database.one(
        """INSERT INTO shares (owner_id, code_hash, code_sealed, code_version, rights, expires_at)
           VALUES (%s, %s, '', 1, '{view}', now()) RETURNING id::text""", [owner, secrets.token_bytes(8)])  # fmt: skip
    visit, visitor = secrets.token_hex(16), secrets.token_hex(16)
    database.run(
        "INSERT INTO share_visits (id, share_id, visitor, password_version) VALUES (%s, %s, 'v', 1)",
        [visit, share["id"]],
    )
    database.run(
        "INSERT INTO grants (id, media_id, user_id, visit_id, expires_at) VALUES (%s, %s, %s, %s, now())",
        [visitor, world.media, owner, visit],
    )
    for grant in (visitor, world.grant(world.users[1], portable=True)):
        world.watch(grant, (0, "key 0"), (0, 0))
    assert world.one("views, portable, shared, viewers", "insight_media", "grain = 'd'") == (2, 1, 1, 2)
    assert world.one("count(*)", "history") == (1,)  # the share's owner has not watched


def test_what_a_deleted_user_and_a_cleared_history_leave(world, database):
    first, second = world.users
    grants = [world.grant(first), world.grant(second)]
    for grant in grants:
        world.watch(grant, (0, "key 0"), (0, 0))
    database.run("DELETE FROM users WHERE id = %s", [first])
    database.run("INSERT INTO history_cleared (user_id, media_id) VALUES (%s, %s)", [second, world.media])
    database.run("DELETE FROM history WHERE user_id = %s", [second])
    world.take(world.event(grants[0], 10, 1)._replace(user_id=first), world.event(grants[1], 10, 1))  # read late
    assert world.one("count(*)", "history") == (0,) and world.watched == 4 * SEGMENT


def test_running_sums_lose_what_is_cleared_deleted_and_too_old(world, database):
    (first, second), ago = world.users, -40 * 86400
    LatelyStore(database).slide(NOW + timedelta(seconds=ago))
    for user in world.users:
        world.watch(world.grant(user), (ago, "key 0"), (ago, 0))
    named = "SELECT count(*) AS n FROM insight_users_lately WHERE user_id = %s"
    assert [database.one(named, [user])["n"] for user in world.users] == [4, 4]
    HistoryStore(database).clear(first, None)
    database.run("DELETE FROM users WHERE id = %s", [second])
    assert [database.one(named, [user])["n"] for user in world.users] == [0, 0] and not astray(database)
    assert world.one("count(*)", "insight_media_lately") == (4,)
    InsightStore(database).forget_before(NOW - timedelta(days=35))
    assert world.one("count(*)", "insight_media_lately") == (0,) and not astray(database)


# --- files ----------------------------------------------------------------------------------------


def test_a_file_played_by_ranges_counts_no_faster_than_its_time(world):
    half = {"range_end": 500, "bytes": 500, "status": 206, "user_id": world.users[0]}
    world.take(world.receipt(0, "original", seconds=2, **half))
    assert world.watched == 2  # five minutes in two seconds are a download
    world.take(world.receipt(500, "original", seconds=900, **half | {"range_start": 400}))
    assert world.watched == 2 + FILM_SECONDS // 10
    assert world.heat("b") == {part: 2 if part >= 40 else 1 for part in range(50)}
    assert world.one("views, downloads", "insight_media", "grain = 'd'") == (1, 0)
    world.take(world.receipt(900, "original", user_id=world.users[0]))
    assert world.one("views, downloads", "insight_media", "grain = 'd'") == (1, 1)


# --- exactly --------------------------------------------------------------------------------------


def some_receipts(world: World, count: int) -> list[Receipt]:
    """People who watch, jump, fetch ahead, go away and come back, in any order of arrival within a second or two."""
    grants = [world.grant(user, portable) for user in world.users for portable in (False, True)] + [
        secrets.token_hex(16)
    ]
    at, places, found = dict.fromkeys(grants, 0), dict.fromkeys(grants, 0), []
    for _ in range(count):
        grant = random.choice(grants)
        at[grant] += random.choice((0, 0, 1, 9, 10, 11, 30, 2500))
        second = at[grant] + random.randint(-1, 1)
        kind = random.random()
        if kind < 0.6:
            places[grant] = random.randrange(60) if random.random() < 0.1 else (places[grant] + 1) % 60
            fields = {"segment": places[grant], "complete": random.random() < 0.95}
            found.append(world.event(grant, second, 0)._replace(**fields))
        elif kind < 0.75:
            found.append(world.event(grant, second, f"key {places[grant] * SEGMENT // PERIOD}"))
        else:
            start = random.choice((0, random.randrange(999)))
            end = random.randint(start, 1000)
            fields = {"range_start": start, "range_end": end, "bytes": end - start, "status": random.choice((200, 206, 416)),
                      "seconds": random.randint(0, 400), "user_id": random.choice([None, *world.users])}  # fmt: skip
            found.append(world.receipt(second, random.choice(("original", "link", "share")), **fields))
    return found


def recounted(world: World, receipts: list[Receipt]) -> Recount:
    """Of the rows of the receipts, in the order in which they were written."""
    count, order = Recount(FILM_SECONDS), {one.request: number for number, one in enumerate(receipts)}
    rows = world.database.all("SELECT * FROM receipts WHERE media_id = %s", [world.media])
    assert len(rows) == len(receipts)
    for row in sorted(rows, key=lambda row: order[row["request"]]):
        user = str(row["user_id"]) if row["user_id"] else None
        count.take(row | {"media_id": str(row["media_id"]), "user_id": user})
    return count


def test_rollups_are_what_a_recount_of_the_receipts_says(world):
    receipts = sorted(some_receipts(world, 1500), key=lambda one: one.at)
    before, rest = deliveries(world), receipts
    while rest:
        size = random.choice((1, 2, 7, 50, 400))
        if random.random() < 0.5:  # the last day begins with what comes now, ends before it, or lies somewhere
            hours = random.choice((23, -1, random.randint(-40, 800)))
            LatelyStore(world.database).slide(rest[0].at + timedelta(hours=hours))
        world.take(*rest[:size])
        rest = rest[size:]
    count = recounted(world, receipts)
    assert sums(world.database, world.media) == count.sums(world.media)
    assert deliveries(world) - before == sum(count.deliveries.values())
    lengths = world.database.all("SELECT 1 FROM insight_lengths WHERE sittings < 0")
    assert not lengths and not astray(world.database)
    LatelyStore(world.database).slide(NOW)
    assert not astray(world.database)


def deliveries(world: World) -> int:
    found = world.database.one(
        "SELECT coalesce(sum(deliveries), 0)::int AS n FROM insight_deliveries WHERE grain = 'd'"
    )
    return found["n"]

"""Positions against a real Postgres: written in batches, and what they list."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from control.domain.media import Media
from control.domain.positions import Position
from control.domain.sessions import Principal
from control.services.audit import Audit
from control.services.positions import Positions
from control.storage.sql.audit import AuditStore, Entry, Search
from control.storage.sql.history import HistoryStore
from control.storage.sql.library_filters import Filters
from control.storage.sql.positions import PositionStore

NOW = datetime.now(UTC)


@pytest.fixture
def positions(database) -> PositionStore:
    for table in ("media", "users"):
        database.run(f"DELETE FROM {table}")
    return PositionStore(database)


def add_user(database, name="una") -> str:
    return database.one("INSERT INTO users (username, password_hash) VALUES (%s, '') RETURNING id::text", [name])["id"]


def add_media(database, name="film", **columns) -> str:
    columns = {"kind": "video", "size_bytes": 1, "source": "import", "state": "completed", "name": name, **columns}
    return database.one(
        f"INSERT INTO media ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))}) RETURNING id::text",
        list(columns.values()),
    )["id"]


def media_row(media: str) -> Media:
    return Media(media, "film", "video", "", 1, "import", "completed", NOW)


def at(seconds: float, finished=False, later=0.0) -> Position:
    return Position(seconds, 100, finished, NOW + timedelta(seconds=later))


def test_what_a_worker_still_remembers_does_not_undo_a_clearing(positions, database):
    user, other, film, song = add_user(database), add_user(database, "bo"), add_media(database), add_media(database, "song")
    clear = HistoryStore(database).clear
    before = {(who, what): at(30, later=-60) for who in (user, other) for what in (film, song)}
    clear(user, film)
    positions.write(before)
    assert set(positions.find(user, [film, song])) == {song} and set(positions.find(other, [film, song])) == {film, song}
    clear(user, None)
    positions.write(before)
    assert not positions.find(user, [film, song])
    positions.write({(user, film): at(40, later=3600)})
    assert positions.find(user, [film])[film].seconds == 40


def test_one_that_can_never_be_written_holds_up_no_other(positions, database):
    user, film = add_user(database), add_media(database)
    behind = Positions(positions)
    for name, seconds in ((user, 10.0), ("nobody's id", 20.0), (user + "\0", 30.0)):
        behind.put(Principal("session", name), media_row(film), seconds, 100)
    behind.flush()
    assert positions.find(user, [film])[film].seconds == 10 and behind._unwritten == {}


def test_an_entry_that_can_never_be_written_leaves_the_others_in_the_trail(database):
    store, una = AuditStore(database), Principal("session", username="una")
    audit, told = Audit(store, Entry), uuid.uuid4().hex
    for facts in ({"decision": told}, {"address": "\0"}, {"media_id": "no id"}, {"details": {"a": object()}}, {"decision": told}):
        audit.record("refused", una, **facts)
    audit.flush()
    assert len(store.find(Search(decision=told), 10)) == 2


def test_the_latest_word_counts_whenever_it_is_written(positions, database):
    user, film, song = add_user(database), add_media(database), add_media(database, "song")
    positions.write({(user, film): at(40, later=5), (user, song): at(7)})
    positions.write({(user, film): at(30, later=2)})  # of a worker that was late
    assert {media: found.seconds for media, found in positions.find(user, [film, song]).items()} == {film: 40, song: 7}
    positions.write({(user, film): at(10, later=9)})
    assert positions.find(user, [film])[film].seconds == 10
    positions.forget(user, film)
    assert positions.find(user, [film]) == {}


def test_what_is_gone_spoils_no_batch(positions, database):
    user, film, nobody = add_user(database), add_media(database), "00000000-0000-4000-8000-000000000000"
    positions.write({(user, nobody): at(1), (nobody, film): at(2), (user, film): at(3)})
    assert positions.find(user, [film, nobody]).keys() == {film}
    database.run("DELETE FROM users WHERE id = %s", [user])
    assert positions.find(user, [film]) == {}


def test_what_was_begun_and_may_be_seen_is_listed_the_last_one_first(positions, database):
    user, other = add_user(database), add_user(database, "otto")
    first, last = add_media(database, "first"), add_media(database, "last", visibility="private", owner_id=user)
    unseen = {
        add_media(database, "finished"): at(99, finished=True),
        add_media(database, "looked at"): at(4),
        add_media(database, "private", visibility="private", owner_id=other): at(50),
        add_media(database, "deleted", deleted_at=NOW): at(50),
        add_media(database, "failed", state="failed"): at(50),
    }
    positions.write({(user, media): position for media, position in unseen.items()})
    positions.write({(user, first): at(50), (user, last): at(60, later=1), (other, first): at(70)})
    found = positions.begun(user, Filters(viewer_id=user), 10)
    assert [(media.name, position.seconds) for media, position in found] == [("last", 60), ("first", 50)]
    assert [media.name for media, _ in positions.begun(user, Filters(viewer_id=user), 1)] == ["last"]
    assert positions.begun(user, Filters(viewer_id=user, guest=True), 10)[0][0].name == "last"  # its own


def test_what_to_continue_is_a_range_of_an_index(positions, database):
    """However much somebody has watched, and others have: no sort, no scan."""
    user, film = add_user(database), add_media(database)
    positions.write({(user, film): at(50)})
    with database.transaction() as connection:
        connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        plan = connection.execute(
            """EXPLAIN SELECT media_id FROM positions WHERE user_id = %s AND NOT finished AND seconds >= 5
               ORDER BY updated_at DESC LIMIT 12""",
            [user],
        ).fetchall()
    text = "\n".join(row["QUERY PLAN"] for row in plan)
    assert "positions_begun" in text and "Sort" not in text

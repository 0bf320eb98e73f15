"""Session rows in a real Postgres: one lineage, whoever races (threat T07)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from control.domain.sessions import Device
from control.storage.sql import migrate
from control.storage.sql.audit import AuditStore, Entry, Search
from control.storage.sql.grants import GrantStore
from control.storage.sql.sessions import SessionStore
from control.storage.sql.users import UserStore
from control.storage.sql.visits import VisitStore
from processor.housekeeping import Housekeeping

LATER = datetime.now(UTC) + timedelta(days=7)
LONG_AGO = datetime.now(UTC) - timedelta(minutes=30)


@pytest.fixture
def store(database):
    return SessionStore(database)


@pytest.fixture
def session(database, store):
    return opened(store, someone(database))


def someone(database) -> str:
    return UserStore(database).create(f"user-{uuid.uuid4().hex[:8]}", "hash", "viewer").id


def opened(store, user, device="d" * 32, kind="password", **options) -> str | None:
    session = str(uuid.uuid4())
    device = Device(device, "Firefox", "desktop", "192.0.2.1", "agent")
    ended = store.open(session, user, device, kind, b"first", LATER, LONG_AGO, **options)
    return None if ended is None else session


def test_a_session_knows_its_user(store, session):
    found = store.find(session)
    assert found.principal.session_id == session and found.principal.role == "viewer" and not found.ended
    assert [device.id for device in store.live(found.principal.user_id)] == [session]


def test_T07_of_twenty_racing_tabs_one_rotates_and_none_is_a_replay(store, session):
    with ThreadPoolExecutor(20) as tabs:
        outcomes = list(tabs.map(lambda n: store.rotate(session, b"first", f"next-{n}".encode(), LATER, 30), range(20)))
    assert sorted(outcomes) == ["rotated"] + ["superseded"] * 19


def test_T07_two_tabs_that_take_turns_never_look_like_a_thief(store, session):
    """A slow tab still holds the token before the last: within the grace that is no replay either."""
    for number in range(10):
        assert (
            store.rotate(session, b"first" if not number else b"%d" % (number - 1), b"%d" % number, LATER, 30)
            == "rotated"
        )
    assert {store.rotate(session, token, b"x", LATER, 30) for token in (b"first", b"0", b"5", b"8")} == {"superseded"}
    assert store.rotate(session, b"9", b"10", LATER, 30) == "rotated"


def test_the_history_of_refresh_tokens_stays_short(store, session, database):
    for number in range(120):
        store.rotate(session, b"first" if not number else b"%d" % (number - 1), b"%d" % number, LATER, 30)
    row = database.one("SELECT cardinality(superseded_hashes) AS n FROM sessions WHERE id = %s", [session])
    assert row["n"] <= 51


def test_a_sign_in_on_the_same_device_takes_the_place_of_the_one_before(store, database):
    user = someone(database)
    first, second = opened(store, user), opened(store, user)
    assert store.find(first).ended and not store.find(second).ended
    assert store.on_device(user, "d" * 32) == (second, None)


def test_the_sixth_device_is_refused_and_changes_nothing(store, database):
    user = someone(database)
    five = [opened(store, user, f"{n:032x}", limit=5) for n in range(5)]
    assert all(five) and opened(store, user, "f" * 32, limit=5) is None
    assert len(store.live(user)) == 5
    assert opened(store, user, f"{2:032x}", limit=5)  # a device that is known takes its own place
    assert opened(store, user, "f" * 32, limit=5, end=[five[0]])
    assert store.find(five[0]).ended and len(store.live(user)) == 5


def test_nobody_ends_somebody_elses_device_by_choosing_it(store, database):
    alice, mallory = someone(database), someone(database)
    victim = opened(store, alice)
    opened(store, mallory, "e" * 32, end=[victim], limit=5)
    assert not store.find(victim).ended


def test_two_sign_ins_at_once_cannot_both_be_the_last(store, database):
    user = someone(database)
    with ThreadPoolExecutor(12) as people:
        done = list(people.map(lambda n: opened(store, user, f"{n:032x}", limit=5), range(12)))
    assert len([session for session in done if session]) == 5 == len(store.live(user))


def test_players_and_scripts_do_not_count(store, database):
    user = someone(database)
    for number in range(7):
        assert opened(store, user, f"{number:032x}", kind="basic")
    assert opened(store, user, "f" * 32, limit=5)


def test_T06_after_the_grace_an_old_token_is_a_replay(store, session):
    assert store.rotate(session, b"first", b"second", LATER, 30) == "rotated"
    assert store.rotate(session, b"first", b"third", LATER, 0) == "replayed"
    assert store.rotate(session, b"never", b"third", LATER, 30) == "replayed"


def test_an_ended_session_rotates_no_more(store, session):
    assert store.end(session, "test") and not store.end(session, "test")
    assert store.find(session).ended and store.rotate(session, b"first", b"x", LATER, 30) == "replayed"


def test_the_clock_only_moves_forward(store, session):
    ahead = datetime.now(UTC) + timedelta(minutes=5)
    store.touch({session: ahead})
    store.touch({session: ahead - timedelta(minutes=10)})
    assert store.find(session).last_activity_at == ahead


def test_migrating_twice_changes_nothing(database_url):
    assert migrate.apply(database_url) == []


def test_the_audit_trail_cannot_be_rewritten(database):
    database.run("INSERT INTO audit (event) VALUES ('x')")
    for statement in ("UPDATE audit SET event = 'y'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(Exception, match="append-only"):
            database.run(statement)


def test_the_audit_trail_forgets_only_what_is_older_than_the_setting_keeps(database):
    store, now = AuditStore(database), datetime.now(UTC)
    store.append([Entry(now - timedelta(days=days), "sign_in", principal=f"kept-{days}") for days in (1, 400, 401)])
    assert store.forget_before(now - timedelta(days=365), batch=1) == 2
    assert [entry.principal for entry in store.find(Search(event="sign_in"), 10)] == ["kept-1"]


def test_old_sessions_and_grants_are_tidied_away_and_live_ones_stay(store, database):
    user = someone(database)
    old, live = opened(store, user), opened(store, user, "e" * 32)
    store.end(old, "test")
    database.run("UPDATE sessions SET ended_at = now() - interval '91 days' WHERE id = %s", [old])
    Housekeeping(
        AuditStore(database), store, GrantStore(database), VisitStore(database), None, None, audit_days=365,
        rotation_days=30,
    ).tidy()  # fmt: skip
    assert store.find(old) is None and not store.find(live).ended

"""Session rows in a real Postgres: one lineage, whoever races (threat T07)."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from control.domain.sessions import Device
from control.storage.sql import migrate
from control.storage.sql.sessions import SessionStore
from control.storage.sql.users import UserStore

LATER = datetime.now(UTC) + timedelta(days=7)


@pytest.fixture
def store(database):
    return SessionStore(database)


@pytest.fixture
def session(database, store):
    user = UserStore(database).create(f"user-{uuid.uuid4().hex[:8]}", "hash", "viewer")
    session = str(uuid.uuid4())
    store.create(session, user.id, Device("d" * 32, "Firefox", "desktop", "192.0.2.1", "agent"), b"first", LATER)
    return session


def test_a_session_knows_its_user(store, session):
    found = store.find(session)
    assert found.principal.session_id == session and found.principal.role == "viewer" and not found.ended
    assert [device.id for device in store.live(found.principal.user_id)] == [session]


def test_T07_of_twenty_racing_tabs_one_rotates_and_none_is_a_replay(store, session):
    with ThreadPoolExecutor(20) as tabs:
        outcomes = list(tabs.map(lambda n: store.rotate(session, b"first", f"next-{n}".encode(), LATER, 30), range(20)))
    assert sorted(outcomes) == ["rotated"] + ["superseded"] * 19


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
    with pytest.raises(Exception, match="append-only"):
        database.run("UPDATE audit SET event = 'y'")

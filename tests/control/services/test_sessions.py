"""Sign in, refresh, idle, sign out: against hand-made stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from control.domain.sessions import Device, Principal, Session
from control.domain.users import User
from control.errors import InvalidCredentials, InvalidToken, SessionEnded
from control.services.audit import Audit
from control.services.memory import Memory
from control.services.passwords import Passwords
from control.services.sessions import Sessions
from control.services.tokens import SigningKeys, Tokens
from control.settings import Password
from control.storage.sql.audit import Entry

DEVICE = Device("d" * 32, "Firefox on Linux", "desktop", "192.0.2.1", "agent")


class FakeSessions:
    """A row per session, with the promises of storage.sql.sessions."""

    def __init__(self, users):
        self.users, self.rows, self.touched = users, {}, {}

    def create(self, session, user, device, refresh_hash, expires_at):
        self.rows[session] = {
            "user": user, "current": refresh_hash, "previous": None, "at": datetime.now(UTC), "ended": False,
            "expires": expires_at, "seen": datetime.now(UTC),
        }  # fmt: skip

    def find(self, session):
        row = self.rows.get(session)
        if row is None:
            return None
        user = self.users.by_id[row["user"]]
        who = Principal("session", user.id, user.username, user.full_name, user.role, session)
        return Session(session, who, row["expires"], row["seen"], row["ended"] or not user.active)

    def rotate(self, session, presented, replacement, expires_at, grace_seconds):
        row = self.rows[session]
        if row["current"] == presented:
            row.update(previous=presented, current=replacement, at=datetime.now(UTC), expires=expires_at)
            return "rotated"
        fresh = datetime.now(UTC) - row["at"] < timedelta(seconds=grace_seconds)
        return "superseded" if row["previous"] == presented and fresh else "replayed"

    def end(self, session, reason):
        alive = not self.rows[session]["ended"]
        self.rows[session]["ended"] = True
        return alive

    def end_all(self, user, reason):
        live = [sid for sid, row in self.rows.items() if row["user"] == user and not row["ended"]]
        for sid in live:
            self.rows[sid]["ended"] = True
        return live

    def touch(self, clocks):
        self.touched.update(clocks)


class FakeUsers:
    def __init__(self, *users):
        self.by_id = {user.id: user for user in users}

    def find_by_login(self, login):
        return next((u for u in self.by_id.values() if login.lower() in (u.username.lower(), u.email)), None)

    def signed_in(self, user):
        pass


class FakeAudit:
    def __init__(self):
        self.entries = []

    def append(self, entries):
        self.entries += entries


@pytest.fixture(scope="module")
def passwords():
    return Passwords(Password(), lambda function, *arguments: function(*arguments))


@pytest.fixture
def world(passwords):
    class World:
        pass

    world = World()
    alice = User("alice-id", "Alice", "Alice A.", "alice@example.org", "viewer", True, passwords.hash("Right-pass-1"))
    off = User("off-id", "Off", "", None, "viewer", False, passwords.hash("Right-pass-1"))
    world.users, world.published = FakeUsers(alice, off), []
    world.store, world.trail = FakeSessions(world.users), FakeAudit()
    world.audit = Audit(world.trail, Entry)
    world.memory = Memory(world.store.find, lambda: True)
    world.sessions = Sessions(
        world.store, world.users, world.memory, Tokens(SigningKeys("k1", {"k1": "11" * 32}), 900, 604800), passwords,
        world.audit, lambda kind, key: world.published.append((kind, key)), idle_minutes=30, grace_seconds=30,
    )  # fmt: skip
    return world


def sign_in(world):
    return world.sessions.sign_in("alice", "Right-pass-1", DEVICE, "d1")


def test_signing_in_works_by_name_or_mail_in_any_case(world):
    for login in ("alice", "ALICE", "alice@example.org"):
        opened = world.sessions.sign_in(login, "Right-pass-1", DEVICE, "d1")
        assert world.sessions.principal(opened.access_token).username == "Alice"


@pytest.mark.parametrize(
    ("login", "password"), [("alice", "wrong"), ("nobody", "Right-pass-1"), ("off", "Right-pass-1")]
)
def test_every_refused_sign_in_says_the_same(world, login, password):
    with pytest.raises(InvalidCredentials) as refused:
        world.sessions.sign_in(login, password, DEVICE, "d1")
    assert refused.value.details == InvalidCredentials().details
    world.audit.flush()
    assert [entry.event for entry in world.trail.entries] == ["sign_in_refused"]


def test_signing_out_ends_the_session_everywhere(world):
    opened = sign_in(world)
    principal = world.sessions.principal(opened.access_token)
    assert world.sessions.sign_out(principal, False, "", "d") == 1
    with pytest.raises(SessionEnded):
        world.sessions.principal(opened.access_token)
    assert ("session", principal.session_id) in world.published


def test_signing_out_everywhere_ends_all_devices(world):
    first, second = sign_in(world), sign_in(world)
    assert world.sessions.sign_out(first.principal, True, "", "d") == 2
    with pytest.raises(SessionEnded):
        world.sessions.principal(second.access_token)


def test_a_refresh_token_is_exchanged(world):
    opened = sign_in(world)
    again = world.sessions.refresh(opened.refresh_token, "", "d")
    assert again.refresh_token not in (None, opened.refresh_token)
    assert world.sessions.principal(again.access_token)


def test_a_sibling_tab_within_the_grace_gets_access_and_keeps_the_lineage(world):
    opened = sign_in(world)
    winner = world.sessions.refresh(opened.refresh_token, "", "d")
    loser = world.sessions.refresh(opened.refresh_token, "", "d")
    assert loser.refresh_token is None and world.sessions.principal(loser.access_token)
    assert world.sessions.refresh(winner.refresh_token, "", "d").refresh_token


def test_a_replayed_refresh_token_ends_the_session(world):
    opened = sign_in(world)
    world.sessions.refresh(opened.refresh_token, "", "d")
    world.store.rows[opened.principal.session_id]["at"] -= timedelta(seconds=31)
    with pytest.raises(SessionEnded):
        world.sessions.refresh(opened.refresh_token, "", "d")
    with pytest.raises(SessionEnded):
        world.sessions.principal(opened.access_token)


def test_T03_a_refresh_token_is_no_access_token(world):
    opened = sign_in(world)
    with pytest.raises(InvalidToken):
        world.sessions.principal(opened.refresh_token)
    with pytest.raises(InvalidToken):
        world.sessions.refresh(opened.access_token, "", "d")


def test_thirty_idle_minutes_end_a_session(world):
    opened = sign_in(world)
    row = world.store.rows[opened.principal.session_id]
    row["seen"] -= timedelta(minutes=31)
    with pytest.raises(SessionEnded):
        world.sessions.principal(opened.access_token)


def test_activity_that_another_worker_saw_keeps_a_session(world):
    opened = sign_in(world)
    session = opened.principal.session_id
    stale = replace(world.store.find(session), last_activity_at=datetime.now(UTC) - timedelta(minutes=31))
    world.memory._records[session] = stale  # what this worker remembers; the store knows better
    assert world.sessions.principal(opened.access_token)


def test_the_activity_clock_is_written_behind_once(world):
    opened = sign_in(world)
    for _ in range(5):
        world.sessions.principal(opened.access_token)
    world.sessions.write_clocks()
    assert list(world.store.touched) == [opened.principal.session_id]
    world.store.touched.clear()
    world.sessions.principal(opened.access_token)
    world.sessions.write_clocks()
    assert not world.store.touched  # at most once in 30 s


def test_a_switched_off_user_is_out(world):
    opened = sign_in(world)
    world.users.by_id["alice-id"] = replace(world.users.by_id["alice-id"], active=False)
    world.memory.drop(opened.principal.session_id)
    with pytest.raises(SessionEnded):
        world.sessions.principal(opened.access_token)


def test_what_a_page_asks_by_itself_is_no_activity(world):
    opened = sign_in(world)
    world.sessions.principal(opened.access_token, active=False)
    world.sessions.refresh(opened.refresh_token, "", "d", active=False)
    world.sessions.write_clocks()
    assert not world.store.touched

"""Sign in, refresh, idle, sign out: against hand-made stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import argon2
import pytest

from control.domain.sessions import Device, DeviceSession, Principal, Session
from control.domain.users import User
from control.errors import (
    DeviceChanged,
    InvalidCredentials,
    InvalidToken,
    SessionEnded,
    TooManyDevices,
    TooManyTries,
)  # fmt: skip
from control.services.audit import Audit
from control.services.limits import LocalLimiter, SignInLimits
from control.services.memory import Memory
from control.services.passwords import Passwords
from control.services.sessions import Sessions
from control.services.sign_ins import BasicSignIns, SignIns
from control.services.tokens import SigningKeys, Tokens
from control.settings.sections import Limits, Password
from control.storage.sql.audit import Entry

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
DEVICE = Device("d" * 32, "Firefox on Linux", "desktop", "192.0.2.1", AGENT, proven=True)
OTHER = replace(DEVICE, id="e" * 32)


class FakeSessions:
    """A row per session, with the promises of storage.sql.sessions."""

    def __init__(self, users):
        self.users, self.rows, self.touched = users, {}, {}

    def open(self, session, user, device, kind, refresh_hash, expires_at, alive_since, end=(), limit=None):
        mine = [sid for sid, row in self.rows.items() if row["user"] == user and not row["ended"]]
        going = [sid for sid in mine if self.rows[sid]["device"].id == device.id or sid in end]
        if limit is not None and len(mine) - len(going) >= limit:
            return None
        for sid in going:
            self.rows[sid].update(ended=True, reason="replaced")
        self.rows[session] = {
            "user": user, "current": refresh_hash, "previous": None, "at": datetime.now(UTC), "ended": False,
            "expires": expires_at, "seen": datetime.now(UTC), "device": device, "kind": kind, "reason": None,
        }  # fmt: skip
        return going

    def on_device(self, user, device):
        found = [(sid, row) for sid, row in self.rows.items() if row["user"] == user and row["device"].id == device]
        return (found[-1][0], found[-1][1]["reason"]) if found else None

    def knows_device(self, user, device):
        return any(row["user"] == user and row["device"].id == device for row in self.rows.values())

    def current_refresh_hash(self, session):
        return self.rows[session]["current"]

    def fingerprint(self, session):
        return self.rows[session]["device"]

    def live(self, user=None):
        return [
            DeviceSession(sid, row["user"], "", row["device"].name, row["device"].kind, "", row["at"], row["seen"], row["kind"])
            for sid, row in self.rows.items() if not row["ended"] and user in (None, row["user"])
        ]  # fmt: skip

    def portable(self, user=None):
        return []

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
        self.rows[session].update(ended=True, reason=reason)
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

    def find(self, user):
        return self.by_id.get(user)

    def signed_in(self, user):
        pass

    def set_password_hash(self, user, stored):
        self.by_id[user] = replace(self.by_id[user], password_hash=stored)


class FakeAudit:
    def __init__(self):
        self.entries = []

    def append(self, entries):
        self.entries += entries


class CheapPasswords(Passwords):
    """What a hash costs is tested elsewhere."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self._hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        self._nobody = self._hasher.hash("nobody has this password")


@pytest.fixture(scope="module")
def passwords():
    return CheapPasswords(Password(), lambda function, *arguments: function(*arguments))


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
    tokens = Tokens(SigningKeys("k1", {"k1": "11" * 32}), 900, 604800)
    world.tokens = tokens
    world.sessions = Sessions(
        world.store, world.store, world.memory, tokens, world.audit,
        lambda kind, key: world.published.append((kind, key)), idle_minutes=30, grace_seconds=30,
    )  # fmt: skip
    world.limiter = LocalLimiter()
    world.sign_ins = SignIns(
        world.users, world.store, world.sessions, tokens, passwords, SignInLimits(world.limiter, Limits()),
        world.audit, max_devices=5,
    )  # fmt: skip
    return world


def sign_in(world, device=DEVICE):
    return world.sign_ins.by_password("alice", "Right-pass-1", device, "d1")


def test_signing_in_works_by_name_or_mail_in_any_case(world):
    for login in ("alice", "ALICE", "alice@example.org"):
        opened = world.sign_ins.by_password(login, "Right-pass-1", DEVICE, "d1")
        assert world.sessions.principal(opened.access_token).username == "Alice"


@pytest.mark.parametrize(
    ("login", "password"), [("alice", "wrong"), ("nobody", "Right-pass-1"), ("off", "Right-pass-1")]
)
def test_every_refused_sign_in_says_the_same(world, login, password):
    with pytest.raises(InvalidCredentials) as refused:
        world.sign_ins.by_password(login, password, DEVICE, "d1")
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
    first, second = sign_in(world), sign_in(world, OTHER)
    assert world.sessions.sign_out(first.principal, True, "", "d") == 2
    with pytest.raises(SessionEnded):
        world.sessions.principal(second.access_token)


def test_a_refresh_token_is_exchanged(world):
    opened = sign_in(world)
    again = world.sessions.refresh(opened.refresh_token, DEVICE, "d")
    assert again.refresh_token not in (None, opened.refresh_token)
    assert world.sessions.principal(again.access_token)


def test_a_sibling_tab_within_the_grace_gets_access_and_keeps_the_lineage(world):
    opened = sign_in(world)
    winner = world.sessions.refresh(opened.refresh_token, DEVICE, "d")
    loser = world.sessions.refresh(opened.refresh_token, DEVICE, "d")
    assert claims(world, loser) == claims(world, winner) and world.sessions.principal(loser.access_token)
    assert world.sessions.refresh(winner.refresh_token, DEVICE, "d").refresh_token


def claims(world, signed_in) -> str:
    return world.tokens.verify("refresh", signed_in.refresh_token).token_id


def test_a_lost_answer_loses_nobody(world):
    """The page had moved on before the new cookie came: it asks again with the old one, and gets the same new one."""
    opened = sign_in(world)
    world.sessions.refresh(opened.refresh_token, DEVICE, "d")  # never seen by the browser
    found = world.sessions.refresh(opened.refresh_token, DEVICE, "d")
    world.store.rows[opened.principal.session_id]["at"] -= timedelta(minutes=10)
    assert world.sessions.refresh(found.refresh_token, DEVICE, "d").refresh_token


def test_a_replayed_refresh_token_ends_the_session(world):
    opened = sign_in(world)
    world.sessions.refresh(opened.refresh_token, DEVICE, "d")
    world.store.rows[opened.principal.session_id]["at"] -= timedelta(seconds=31)
    with pytest.raises(SessionEnded):
        world.sessions.refresh(opened.refresh_token, DEVICE, "d")
    with pytest.raises(SessionEnded):
        world.sessions.principal(opened.access_token)


def test_T03_a_refresh_token_is_no_access_token(world):
    opened = sign_in(world)
    with pytest.raises(InvalidToken):
        world.sessions.principal(opened.refresh_token)
    with pytest.raises(InvalidToken):
        world.sessions.refresh(opened.access_token, DEVICE, "d")


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
    world.sessions.refresh(opened.refresh_token, DEVICE, "d", active=False)
    world.sessions.write_clocks()
    assert not world.store.touched


# --- devices --------------------------------------------------------------------------------------


def numbered(number):
    return replace(DEVICE, id=f"{number:032x}")


def test_the_sixth_device_chooses_which_to_end(world):
    five = [sign_in(world, numbered(n)) for n in range(5)]
    with pytest.raises(TooManyDevices) as refused:
        sign_in(world, OTHER)
    assert len(refused.value.devices) == 5 and refused.value.limit == 5
    with pytest.raises(TooManyDevices):
        world.sign_ins.by_choice(refused.value.choice_token, [], OTHER, "d")
    chosen = five[2].principal.session_id
    opened = world.sign_ins.by_choice(refused.value.choice_token, [chosen], OTHER, "d")
    assert world.sessions.principal(opened.access_token)
    with pytest.raises(SessionEnded):
        world.sessions.principal(five[2].access_token)
    assert world.sessions.principal(five[0].access_token)


def test_T03_a_choice_token_opens_nothing_else_and_nothing_else_is_one(world):
    for number in range(5):
        opened = sign_in(world, numbered(number))
    with pytest.raises(TooManyDevices) as refused:
        sign_in(world, OTHER)
    with pytest.raises(InvalidToken):
        world.sessions.principal(refused.value.choice_token)
    for token in (opened.access_token, opened.refresh_token):
        with pytest.raises(InvalidToken):
            world.sign_ins.by_choice(token, [], OTHER, "d")


def test_a_choice_token_dies_with_its_user(world):
    for number in range(5):
        sign_in(world, numbered(number))
    with pytest.raises(TooManyDevices) as refused:
        sign_in(world, OTHER)
    world.users.by_id["alice-id"] = replace(world.users.by_id["alice-id"], active=False)
    with pytest.raises(InvalidToken):
        world.sign_ins.by_choice(refused.value.choice_token, [], OTHER, "d")


def test_T08_signing_in_again_on_a_device_makes_a_new_session_and_ends_the_old(world):
    first, second = sign_in(world), sign_in(world)
    assert first.principal.session_id != second.principal.session_id
    with pytest.raises(SessionEnded):
        world.sessions.principal(first.access_token)


CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"
CURL = Device("c" * 32, "curl", "script", "192.0.2.1", "curl/8.0")


@pytest.mark.parametrize(
    ("opened_on", "refreshed_on", "allowed"),
    [
        (DEVICE, replace(DEVICE, user_agent=AGENT.replace("150", "151")), True),  # an update is no other device
        (DEVICE, replace(DEVICE, address="198.51.100.7"), True),  # nor is another network
        (DEVICE, replace(DEVICE, user_agent=CHROME), False),
        (DEVICE, OTHER, False),
        (DEVICE, replace(OTHER, proven=False), False),  # a stolen refresh token without the device cookie
        (CURL, replace(CURL, id="f" * 32), True),  # a script keeps no cookie
        (CURL, replace(CURL, id="f" * 32, proven=True), False),
        (CURL, replace(CURL, user_agent="wget/1.2"), False),
    ],
)
def test_a_refresh_comes_from_the_device_that_signed_in(world, opened_on, refreshed_on, allowed):
    opened = sign_in(world, opened_on)
    if allowed:
        assert world.sessions.refresh(opened.refresh_token, refreshed_on, "d").access_token
        return
    with pytest.raises(DeviceChanged):
        world.sessions.refresh(opened.refresh_token, refreshed_on, "d")
    with pytest.raises(SessionEnded):
        world.sessions.principal(opened.access_token)
    world.audit.flush()
    assert world.trail.entries[-1].event == "device_changed"


# --- limits ---------------------------------------------------------------------------------------


def guess(world, device, times, login="alice"):
    for number in range(times):
        try:
            world.sign_ins.by_password(login, "wrong", device, "d")
        except InvalidCredentials:
            continue
        except TooManyTries as error:
            assert error.retry_after > 0
            return number
    return times


@pytest.mark.parametrize("login", ["alice", "nobody"])
def test_L02_guessing_at_one_account_from_many_networks_is_held_up(world, login):
    fast = replace(DEVICE, proven=False)
    tries = sum(guess(world, replace(fast, address=f"198.51.{n}.1"), 1, login) for n in range(12))
    assert tries == Limits().account_burst


def test_L02_one_network_is_held_up_over_many_accounts(world, monkeypatch):
    monkeypatch.setattr(world.sign_ins._passwords, "_matches", lambda stored, password: False)
    hops = (replace(DEVICE, proven=False, address=f"2001:db8:0:1::{n:x}") for n in range(1, 60))
    tries = sum(guess(world, hop, 1, f"user-{number}") for number, hop in enumerate(hops))
    assert tries == Limits().network_burst  # one /64 is one network


def test_a_known_device_is_not_hurt_by_somebody_elses_guessing(world):
    sign_in(world)
    guess(world, replace(OTHER, address="198.51.100.1", proven=False), 50)
    with pytest.raises(TooManyTries):
        sign_in(world, OTHER)
    assert sign_in(world)


def test_a_made_up_device_is_not_known(world):
    sign_in(world)
    guess(world, replace(OTHER, address="198.51.100.1", proven=False), 50)
    with pytest.raises(TooManyTries):
        sign_in(world, replace(OTHER, id="1" * 32, proven=True))


def test_signing_in_rightly_costs_nothing(world):
    for _ in range(Limits().network_burst + 5):
        sign_in(world)


# --- HTTP Basic -----------------------------------------------------------------------------------


@pytest.fixture
def basic(world):
    world.hashes = 0
    real = world.sign_ins._passwords.verify

    def counted(stored, password):
        world.hashes += 1
        return real(stored, password)

    world.sign_ins._passwords.verify = counted
    yield BasicSignIns(world.sign_ins, world.sessions, world.audit)
    world.sign_ins._passwords.verify = real


def test_basic_is_checked_once_and_then_remembered(world, basic):
    ids = {basic.principal("alice", "Right-pass-1", CURL, "d", True).session_id for _ in range(20)}
    assert len(ids) == 1 and world.hashes == 1


def test_two_workers_share_the_session_of_a_basic_player(world, basic):
    other = BasicSignIns(world.sign_ins, world.sessions, world.audit)
    first = basic.principal("alice", "Right-pass-1", CURL, "d", True)
    assert other.principal("alice", "Right-pass-1", CURL, "d", True) == first
    assert basic.principal("alice", "Right-pass-1", CURL, "d", True) == first and world.hashes == 2


def test_what_ends_the_session_ends_what_basic_remembers(world, basic):
    principal = basic.principal("alice", "Right-pass-1", CURL, "d", True)
    world.users.set_password_hash("alice-id", world.sign_ins._passwords.hash("Other-pass-1"))
    world.sessions.end_all_of("alice-id", "password changed")
    with pytest.raises(InvalidCredentials):
        basic.principal("alice", "Right-pass-1", CURL, "d", True)
    assert basic.principal("alice", "Other-pass-1", CURL, "d", True).session_id != principal.session_id


def test_basic_with_a_wrong_password_is_refused_each_time(world, basic):
    basic.principal("alice", "Right-pass-1", CURL, "d", True)
    for _ in range(2):
        with pytest.raises(InvalidCredentials):
            basic.principal("alice", "wrong", CURL, "d", True)

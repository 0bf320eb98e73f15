"""The change channel, the copies of sessions and the shared limits, on a real Redis that is stopped and paused (H05)."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from control.domain.limits import Rate
from control.domain.sessions import Principal, Session
from control.services.limits import LocalLimiter
from control.storage.redis import sessions as copies
from control.storage.redis.changes import ChangePublisher, ChangeSubscription
from control.storage.redis.client import connect
from control.storage.redis.limits import RedisLimiter
from control.storage.redis.sessions import SessionCopies
from tests.stack import free_port


class Server:
    """A Redis of the tests' own."""

    def __init__(self, directory: Path):
        self._directory = directory
        self.url = f"unix://{directory}/redis.sock"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["redis-server", "--unixsocket", self._directory / "redis.sock", "--port", "0", "--save", "", "--dir", self._directory],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), redis.Redis.from_url(self.url) as client:
            return client.ping()
        return False

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def server():
    directory = Path(tempfile.mkdtemp(prefix="sluice-redis-"))
    server = Server(directory)
    yield server
    server.stop()
    shutil.rmtree(directory)


class Ear:
    """A worker's subscription, in a thread."""

    def __init__(self, server):
        self.heard, self.gaps = [], 0
        self.subscription = ChangeSubscription(
            connect(server.url), lambda *change: self.heard.append(change), self._gap
        )
        self._thread = threading.Thread(target=self.subscription.run, daemon=True)
        self._thread.start()
        until(lambda: self.subscription.healthy)

    def _gap(self):
        self.gaps += 1

    def stop(self):
        self.subscription.stop()


@pytest.fixture
def ear(server):
    ear = Ear(server)
    yield ear
    ear.stop()


def test_a_change_is_heard(server, ear):
    ChangePublisher(connect(server.url)).publish("session", "a")
    until(lambda: ear.heard == [("session", "a")])


def test_H05_a_stopped_redis_is_not_trusted_and_its_return_forgets_everything(server, ear):
    server.stop()
    until(lambda: not ear.subscription.healthy)
    gaps = ear.gaps
    server.start()
    until(lambda: ear.subscription.healthy)
    assert ear.gaps > gaps


def test_H05_a_paused_redis_is_not_trusted_and_going_on_forgets_everything(server, ear):
    """What was published while nobody could publish was missed, though the connection never broke."""
    server.pause()
    until(lambda: not ear.subscription.healthy)
    gaps = ear.gaps
    server.go_on()
    until(lambda: ear.subscription.healthy)
    assert ear.gaps > gaps


def test_H05_what_could_not_be_published_is_published_later(server, ear):
    publisher, gaps = ChangePublisher(connect(server.url)), ear.gaps
    server.stop()
    publisher.publish("session", "late")
    assert not publisher.flush()
    server.start()
    until(publisher.flush)
    # Whoever subscribed too late to hear it has forgotten everything anyway.
    until(lambda: ("session", "late") in ear.heard or ear.gaps > gaps)


@pytest.mark.parametrize("trouble", [["CONFIG", "SET", "maxmemory", "1"], ["REPLICAOF", "127.0.0.1", "1"]])
def test_H05_a_full_or_read_only_redis_still_passes_changes_on(server, ear, trouble):
    client = connect(server.url)
    client.execute_command(*trouble)
    ChangePublisher(client).publish("session", "a")
    until(lambda: ("session", "a") in ear.heard)


# --- copies -------------------------------------------------------------------------------------------

NOW = datetime.now(UTC)
ALICE = Session("s1", Principal("session", "u1", "alice", "", "viewer", "s1"), NOW + timedelta(days=1), NOW)


class World:
    """Two workers before one database."""

    def __init__(self, server, monkeypatch):
        self.clock = [time.time()]
        monkeypatch.setattr(copies, "time", lambda: self.clock[0])
        self.row, self.reads, self.healthy = ALICE, 0, True
        self.workers = [
            SessionCopies(connect(server.url), self._load, lambda: self.healthy, lambda: 0.0) for _ in range(2)
        ]

    def _load(self, session):
        self.reads += 1
        if isinstance(self.row, Exception):
            raise self.row
        return self.row

    def change(self, **fields):
        self.row = replace(self.row, **fields)
        for worker in self.workers:
            worker.drop("s1")


@pytest.fixture
def world(server, monkeypatch):
    return World(server, monkeypatch)


def test_the_second_worker_reads_the_copy(world):
    assert world.workers[0].find("s1") == ALICE and world.workers[1].find("s1") == ALICE
    assert world.reads == 1


def test_a_change_makes_older_copies_worthless(world):
    world.workers[0].find("s1")
    world.change(ended=True)
    assert all(worker.find("s1").ended for worker in world.workers)


def test_a_slow_reader_cannot_bring_back_what_was_revoked(world):
    """Read before the change, kept after it."""
    slow = world.workers[0]
    real = slow._load

    def slowly(session):
        found = real(session)
        world.change(ended=True)
        world.clock[0] += 60
        return found

    slow._load = slowly
    slow.find("s1")
    slow._load = real
    assert world.workers[1].find("s1").ended


def test_an_ended_session_leaves_no_copy(world):
    world.row = replace(ALICE, ended=True)
    world.workers[0].find("s1")
    world.row = None
    assert world.workers[1].find("s1") is None


def test_H06_a_session_that_one_worker_knows_is_known_to_all_while_postgres_is_away(world):
    world.workers[0].find("s1")
    world.row = RuntimeError("the database is away")
    assert world.workers[1].find("s1") == ALICE


def test_H05_without_health_only_the_database_counts(world):
    world.workers[0].find("s1")
    world.healthy = False
    world.workers[1].find("s1")
    assert world.reads == 2


def test_H05_a_redis_that_is_gone_is_no_error(server, world):
    server.stop()
    assert world.workers[0].find("s1") == ALICE


# --- limits -------------------------------------------------------------------------------------------

RATE = Rate(interval=60, burst=3)


@pytest.fixture(params=["redis", "local"])
def limiter(request, server):
    return RedisLimiter(connect(server.url), LocalLimiter()) if request.param == "redis" else LocalLimiter()


def test_a_burst_then_a_drip(limiter):
    assert [limiter.take("a", RATE) for _ in range(3)] == [0, 0, 0]
    assert 0 < limiter.take("a", RATE) <= 60
    assert limiter.take("b", RATE) == 0
    quick = Rate(interval=0.2, burst=1)
    for _ in range(2):  # it comes back, as often as one waits
        until(lambda: limiter.take("c", quick) == 0)


def test_what_is_given_back_can_be_taken_again(limiter):
    for _ in range(10):
        assert limiter.take("a", RATE) == 0
        limiter.take("a", RATE, -1)


def test_L02_workers_share_a_limit(server):
    workers = [RedisLimiter(connect(server.url), LocalLimiter()) for _ in range(4)]
    assert [worker.take("a", Rate(60, 4)) for worker in workers] == [0, 0, 0, 0]
    assert workers[0].take("a", Rate(60, 4)) > 0


def test_H05_without_redis_the_limit_goes_on_in_the_process_and_waits_once(server):
    limiter = RedisLimiter(connect(server.url), LocalLimiter())
    server.pause()
    assert [limiter.take("a", RATE) > 0 for _ in range(6)] == [False] * 3 + [True] * 3
    server.go_on()
    until(lambda: limiter.take("a", RATE) == 0)  # Redis knows of none of them


def test_limits_leave_nothing_behind(server):
    limiter, client = RedisLimiter(connect(server.url), LocalLimiter()), connect(server.url)
    limiter.take("a", Rate(1, 1))
    assert all(0 < client.pttl(key) <= 2000 for key in client.keys("*"))
    until(lambda: not client.keys("*"))


# --- several Redis, of whom sentinels name the master ------------------------------------------------


@pytest.mark.soak
def test_sentinels_name_another_master_when_one_is_killed(tmp_path):
    ports = [free_port() for _ in range(3)]
    first, second, sentinel = ports
    (tmp_path / "sentinel.conf").write_text(
        f"port {sentinel}\ndir {tmp_path}\nsentinel monitor ours 127.0.0.1 {first} 1\n"
        "sentinel down-after-milliseconds ours 500\nsentinel failover-timeout ours 2000\n"
    )
    commands = [
        ["redis-server", "--port", str(first), "--save", ""],
        ["redis-server", "--port", str(second), "--save", "", "--replicaof", "127.0.0.1", str(first)],
        ["redis-server", tmp_path / "sentinel.conf", "--sentinel"],
    ]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=tmp_path) for command in commands]
    client = connect(f"sentinel://127.0.0.1:{free_port()},127.0.0.1:{sentinel}/ours")

    def knows(said: str) -> bool:
        with contextlib.suppress(redis.RedisError):
            return client.set("said", said) and client.get("said") == said
        return False

    def replicated() -> bool:
        with contextlib.suppress(redis.RedisError), redis.Redis(port=sentinel, decode_responses=True) as asked:
            return asked.sentinel_master("ours")["num-slaves"] == 1
        return False

    try:
        until(lambda: knows("before"))
        until(replicated)
        processes[0].kill()
        until(lambda: knows("after"))
        with redis.Redis(port=second, decode_responses=True) as other:
            assert other.get("said") == "after"
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_url_of_sentinels_must_name_a_master():
    with pytest.raises(ValueError, match="which master"):
        connect("sentinel://127.0.0.1:26379")

"""Key leases and live events on a real Redis, that is there, slow to come back, or gone."""

from __future__ import annotations

import json
import threading
import time

import pytest
import redis

from control.storage.redis import events as live
from control.storage.redis import leases as module
from control.storage.redis.changes import ChangeSubscription
from control.storage.redis.client import EVENTS_CHANNEL, connect
from control.storage.redis.events import Events
from control.storage.redis.leases import Leases, Wanted
from tests.control.storage.test_redis import server, until  # noqa: F401 (a fixture)


def wanted(grant: str, holder: str = "ann", rung: str = "720p", picture: bool = True) -> Wanted:
    return Wanted(holder, grant, rung, picture)


@pytest.fixture
def client(server):  # noqa: F811
    with connect(server.url) as client:
        yield client


@pytest.fixture
def leases(client) -> Leases:
    return Leases(client, period_seconds=60)


def test_twenty_that_start_at_once_are_never_more_than_are_allowed(server, client):  # noqa: F811
    outcomes, start = [], threading.Barrier(20)

    def begin(number: int) -> None:
        with connect(server.url) as own:
            store = Leases(own, 60)
            store.of("ann")  # the connection is made
            start.wait()
            outcomes.append(store.take(wanted(f"g{number}"), 3))

    threads = [threading.Thread(target=begin, args=[number]) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [-1] * 17 + [1] * 3
    assert client.zcard("sluice:leases:ann") == 3


def test_a_lease_is_renewed_ended_and_counted_for_its_holder_alone(leases):
    assert [leases.take(wanted("g1"), 1), leases.take(wanted("g1"), 1), leases.take(wanted("g2"), 1)] == [1, 0, -1]
    assert leases.take(wanted("g2", holder="bob"), 1) == 1
    assert leases.end("ann", "g1") and not leases.end("ann", "g1")
    assert leases.take(wanted("g2"), 1) == 1
    assert {lease.grant for lease in leases.all()} == {"g2"} and len(leases.all()) == 2


def test_since_stays_and_the_rung_is_that_of_the_picture(leases):
    leases.take(wanted("g1", rung="text0", picture=False), 0)
    first = leases.of("ann")[0]
    leases.take(wanted("g1", rung="480p"), 0)
    leases.take(wanted("g1", rung="audio1", picture=False), 0)
    assert (leases.of("ann")[0].since, leases.of("ann")[0].rung) == (first.since, "480p")


def test_a_lease_that_is_not_renewed_ends_by_itself(client, monkeypatch):
    monkeypatch.setattr(module, "LEASE_MARGIN_SECONDS", 0)
    leases = Leases(client, period_seconds=0.2)
    assert leases.take(wanted("g1"), 1) == 1
    until(lambda: leases.take(wanted("g2"), 1) == 1)
    assert client.ttl("sluice:leases:ann") >= 0


def test_without_a_limit_leases_are_written_behind(leases, client):
    for grant in ("g1", "g2", "g1"):
        leases.take_later(wanted(grant))
    assert leases.of("ann") == []
    assert leases.flush() == ["ann", "ann"] and leases.flush() == []
    leases.take_later(wanted("g1"))
    assert leases.flush() == []  # known already
    assert len(leases.of("ann")) == 2


def test_while_redis_is_away_this_process_counts_and_nobody_waits(server, leases):  # noqa: F811
    leases.take(wanted("g1"), 2)
    server.stop()
    assert leases.take(wanted("g1"), 1) == 0  # it knows what it has seen
    assert leases.take(wanted("g2"), 2) == 1
    assert leases.take(wanted("g3"), 2) == -1
    leases.take_later(wanted("g4", holder="bob"))
    assert leases.flush() == ["bob"]
    assert {lease.grant for lease in leases.all()} == {"g1", "g2", "g4"}
    assert leases.end("ann", "g1")
    server.start()
    until(lambda: leases.take(wanted("g5"), 1) == 1)


# --- events ---------------------------------------------------------------------------------------


class Ear:
    def __init__(self, server):  # noqa: F811
        self.heard, self.gaps = [], 0
        self.subscription = ChangeSubscription(connect(server.url), self._hear, self._gap, EVENTS_CHANNEL)
        threading.Thread(target=self.subscription.run, daemon=True).start()
        until(lambda: self.subscription.healthy)

    def _hear(self, topic, data):
        self.heard.append((topic, json.loads(data)))

    def _gap(self):
        self.gaps += 1


def test_events_of_one_thing_come_once_a_second_and_the_last_one_always(server, client, monkeypatch):  # noqa: F811
    ear, events = Ear(server), Events(client)
    for percent in range(5):
        events.publish("media", id="m", percent=percent)
    events.publish("media", id="n")
    events.flush(time.monotonic() - live.EVERY_SECONDS)
    events.publish("media", id="m", percent=99)
    events.flush(time.monotonic() - live.EVERY_SECONDS)  # too soon
    until(lambda: len(ear.heard) == 2)
    assert ear.heard == [("media", {"id": "m", "percent": 4}), ("media", {"id": "n"})]
    events.flush()
    until(lambda: ear.heard[2:] == [("media", {"id": "m", "percent": 99})])
    ear.subscription.stop()


def test_a_redis_that_is_away_is_no_matter_to_whoever_publishes(server, client, monkeypatch):  # noqa: F811
    monkeypatch.setattr(live, "LONGEST", 3)
    events = Events(client)
    server.stop()
    for number in range(10):
        events.publish("queue", id=number)
    assert not events.flush()
    server.start()
    ear = Ear(server)
    until(events.flush)
    until(lambda: [hint["id"] for _, hint in ear.heard] == [7, 8, 9])
    ear.subscription.stop()
    with pytest.raises(redis.RedisError):
        server.stop()
        client.ping()

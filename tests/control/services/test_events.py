"""Live events: who hears what, limits, slow readers, and how a stream ends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from control.domain.media import Media
from control.domain.sessions import Principal
from control.errors import BadRequest, SessionEnded, TooManyStreams
from control.services import events
from control.services.events import EventHub, topics_of
from control.settings.sections import Limits

ANN = Principal("session", "ann", "ann", role="viewer", session_id="s-ann")
BOB = Principal("session", "bob", "bob", role="viewer", session_id="s-bob")
ROOT = Principal("session", "root", "root", role="admin", session_id="s-root")
FILM = Media("m-1", "film", "video", "video/mp4", 1, "import", "completed", datetime.now(UTC), owner_id="ann",
             visibility="private")  # fmt: skip


class Sessions:
    """What services.identity says of a session."""

    def __init__(self):
        self.principals = {one.session_id: one for one in (ANN, BOB, ROOT)}

    def still(self, session_id, token_id):
        if session_id not in self.principals:
            raise SessionEnded()
        return self.principals[session_id]


class World:
    def __init__(self, **limits):
        self.sessions, self.media, self.healthy = Sessions(), {"m-1": FILM}, True
        self.hub = EventHub(self.sessions, self.media.get, lambda: self.healthy, Limits(**limits))

    def open(self, principal, topics="media,sessions", gone=lambda: False):
        stream = self.hub.open(principal, frozenset(topics.split(",")), gone)
        assert next(stream).startswith("retry:")
        assert next(stream) == "event: live\ndata: {}\n\n"
        return stream

    def say(self, topic, **hint):
        self.hub.hear(topic, json.dumps(hint))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.01)


@pytest.fixture
def world():
    return World()


SILENCE = ":\n\n"


def test_a_private_media_is_heard_of_by_its_owner_and_administrators_alone(world):
    ann, bob, root = world.open(ANN), world.open(BOB), world.open(ROOT)
    world.say("media", id="m-1")
    assert next(ann) == next(root) == 'event: media\ndata: {"id": "m-1"}\n\n'
    assert next(bob) == SILENCE


def test_one_hears_of_ones_own_sessions_and_administrators_of_all(world):
    ann, bob, root = world.open(ANN), world.open(BOB), world.open(ROOT)
    world.say("sessions", id="x", user="bob")
    assert "sessions" in next(bob) and "sessions" in next(root)
    assert next(ann) == SILENCE


def test_a_topic_that_is_not_followed_is_not_heard(world):
    stream = world.open(ANN, "sessions")
    world.say("media", id="m-1")
    assert next(stream) == SILENCE


@pytest.mark.parametrize("text", ["", "x", "media,x", "sessions:bob", "media,", "media" * 100])
def test_what_is_no_topic_cannot_be_named(text):
    with pytest.raises(BadRequest):
        topics_of(text)


def test_a_session_that_has_ended_is_told_at_once(world, monkeypatch):
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 600)
    stream = world.open(ANN)
    del world.sessions.principals["s-ann"]
    world.hub.drop("s-ann")
    assert list(stream) == ['event: end\ndata: {"code": "AUTH_004"}\n\n']


def test_a_session_that_has_ended_unheard_is_found_by_a_heartbeat(world):
    stream = world.open(ANN)
    del world.sessions.principals["s-ann"]
    assert "event: end" in next(stream)


def test_whoever_may_not_follow_it_any_more_hears_nothing_more(world):
    stream = world.open(ROOT, "queue")
    world.sessions.principals["s-root"] = replace(ROOT, role="viewer")
    world.say("queue", id="secret")
    world.hub.drop("s-root")
    assert list(stream) == []


def test_a_session_has_so_many_streams_and_those_that_were_left_do_not_count():
    world, left = World(event_streams=2), []
    held = [world.open(ANN, gone=lambda: bool(left)) for _ in range(2)]
    with pytest.raises(TooManyStreams):
        world.open(ANN)
    world.open(BOB)
    left.append("the page")
    held.append(world.open(ANN))


def test_a_worker_has_so_many_streams_and_an_end_makes_room():
    world = World(event_streams_per_worker=1)
    stream = world.open(ANN)
    with pytest.raises(TooManyStreams):
        world.open(BOB)
    stream.close()
    world.open(BOB).close()
    assert world.hub._streams == {} and world.hub._count == 0


def test_a_slow_reader_is_let_go_and_the_same_event_waits_once(world):
    stream = world.open(ANN)
    for _ in range(events.MOST_WAITING * 2):
        world.say("media", id="m-1")
    assert next(stream).count("event: media") == 1
    for number in range(events.MOST_WAITING + 1):
        world.say("sessions", id=number, user="ann")
    assert list(stream) == []


def test_events_that_may_have_been_missed_are_said_and_so_is_their_return(world):
    stream = world.open(ANN)
    world.healthy = False
    world.hub.lose()
    assert next(stream) == "event: poll\ndata: {}\n\n"
    assert next(stream) == SILENCE
    world.healthy = True
    assert next(stream) == "event: live\ndata: {}\n\n"


def test_a_worker_that_stops_ends_its_streams_and_opens_none(world, monkeypatch):
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 600)
    stream = world.open(ANN)
    world.hub.stop()
    assert list(stream) == []
    with pytest.raises(TooManyStreams):
        world.open(ANN)


def test_no_stream_lasts_for_ever(world, monkeypatch):
    monkeypatch.setattr(events, "LONGEST_SECONDS", 0.05)
    assert set(world.open(ANN)) <= {SILENCE}

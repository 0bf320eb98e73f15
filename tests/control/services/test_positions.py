"""Positions as a worker keeps them: written behind, never lost to a database that is away; what counts as finished."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from control.domain.media import Media
from control.domain.positions import is_over
from control.domain.sessions import Principal
from control.errors import DatabaseUnavailable
from control.services import positions as module
from control.services.positions import Positions

UNA = Principal("session", "una")


def film(media_id="film", duration=1000.0, **facts) -> Media:
    return Media(media_id, "n", "video", "video/mp4", 1, "import", "completed", datetime.now(UTC), duration=duration,
                 facts=facts)  # fmt: skip


class Store:
    def __init__(self):
        self.rows, self.writes, self.away = {}, 0, False

    def find(self, user, media):
        return {one: self.rows[user, one] for one in media if (user, one) in self.rows}

    def write(self, positions):
        if self.away:
            raise DatabaseUnavailable()
        self.rows |= positions
        self.writes += 1

    def forget(self, user, media):
        self.rows.pop((user, media), None)


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def positions(store):
    return Positions(store)


def test_many_ticks_of_many_viewers_are_one_write(positions, store):
    for viewer in range(50):
        for seconds in range(10):
            positions.put(Principal("session", f"viewer {viewer}"), film(), seconds, 1000)
    positions.flush()
    positions.flush()
    assert store.writes == 1 and len(store.rows) == 50


def test_what_is_not_written_yet_is_known_already(positions, store):
    positions.put(UNA, film(), 10, 1000)
    positions.flush()
    positions.put(UNA, film(), 20, 1000)
    assert positions.of(UNA, ["film", "other"])["film"].seconds == 20
    assert positions.of(Principal("session", "otto"), ["film"]) == {}
    positions.forget(UNA, "film")
    positions.flush()
    assert positions.of(UNA, ["film"]) == {} and store.rows == {}


def test_a_database_that_is_away_loses_nothing(positions, store, monkeypatch):
    store.away = True
    positions.put(UNA, film(), 10, 1000)
    with pytest.raises(DatabaseUnavailable):
        positions.flush()
    positions.put(UNA, film(), 20, 1000)
    monkeypatch.setattr(module, "_LONGEST_QUEUE", 1)
    with pytest.raises(DatabaseUnavailable):
        positions.put(UNA, film("another"), 1, 1000)
    store.away = False
    positions.flush()
    assert store.rows["una", "film"].seconds == 20


@pytest.mark.parametrize(
    ("media", "seconds", "over"),
    [
        (film(), 949, False),
        (film(), 950, True),
        (film(duration=None), 95, True),  # the player knows how long it is: 100 s
        (film(duration=None), 94, False),
        (film(chapters=[{"start": 0, "title": "Film"}, {"start": 900, "title": "End credits"}]), 900, True),
        (film(chapters=[{"start": 0, "title": "Film"}, {"start": 900, "title": "The end"}]), 900, False),
        (film(chapters=[{"start": 0, "title": "Film"}, {"start": 400, "title": "Credits"}]), 450, False),
        (film(chapters=[{"start": 0, "title": "Credits"}]), 10, False),
    ],
)
def test_a_film_is_finished_at_its_credits_or_nearly_at_its_end(media, seconds, over):
    assert is_over(media, seconds, 100) is over


def test_somebody_may_say_so(positions):
    assert positions.put(UNA, film(), 0, 1000, finished=True).finished
    assert not positions.put(UNA, film(), 999, 1000, finished=False).finished

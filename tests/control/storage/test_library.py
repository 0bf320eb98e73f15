"""Lists of the library against a real Postgres: search, filters, order, cursors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from control.errors import BadRequest
from control.storage.sql import library as store
from control.storage.sql.library import LibraryStore
from control.storage.sql.library_filters import Filters

EVERYTHING = {"include_private": True}


@pytest.fixture
def library(database) -> LibraryStore:
    database.run("DELETE FROM media")
    return LibraryStore(database)


def add(database, name: str, **columns) -> None:
    columns = {"kind": "video", "size_bytes": 1, "source": "import", "state": "completed", "name": name, **columns}
    names = ", ".join(columns)
    places = ", ".join(["%s"] * len(columns))
    database.run(f"INSERT INTO media ({names}) VALUES ({places})", list(columns.values()))


def names(library, **filters) -> list[str]:
    found = library.page(Filters(**(EVERYTHING | filters)), 50)
    assert (found.total, found.capped) == (len(found.items), False)
    return [media.name for media in found.items]


def test_words_are_found_in_names_tags_folders_and_what_files_say(library, database):
    add(database, "beach.mp4")
    add(database, "a.mp3", tags=["Summer Beach"])
    add(database, "b.mp3", folder="Trips/Beach")
    add(database, "c.mp3", facts='{"tags": {"artist": "The Beach Boys"}}')
    add(database, "mountain.mp4")
    assert set(names(library, query="BEACH")) == {"beach.mp4", "a.mp3", "b.mp3", "c.mp3"}
    assert names(library, query="boys beach") == ["c.mp3"]


@pytest.mark.parametrize("typo", ["vaccation", "holyday", "Vacatoin"])
def test_typing_errors_are_forgiven(library, database, typo):
    add(database, "our vacation.mp4")
    add(database, "holiday.mp4")
    add(database, "invoice.pdf")
    found = names(library, query=typo)
    assert len(found) == 1 and found[0] != "invoice.pdf"


def test_the_best_match_comes_first(library, database):
    add(database, "holiday.mp4")
    add(database, "our holiday.mp4", tags=["of a long summer"])
    add(database, "holidaze.mp4")
    assert names(library, query="holiday.mp4", sort="relevance")[:2] == ["holiday.mp4", "our holiday.mp4"]


@pytest.mark.parametrize("query", ["100%", "a_b", "back\\slash", "'", '"', "%", "((", "x" * 200])
def test_what_is_special_to_sql_is_not_special_here(library, database, query):
    add(database, f"has {query} in it")
    add(database, "ordinary")
    assert names(library, query=query) == [f"has {query} in it"]


def test_every_filter_narrows(library, database):
    now = datetime.now(UTC)
    user = database.one("INSERT INTO users (username, password_hash) VALUES ('Una', '') RETURNING id::text")["id"]
    add(database, "old", created_at=now - timedelta(days=9), size_bytes=10, duration=5)
    add(database, "new", size_bytes=99, duration=500, tags=["red", "two words"], owner_id=user, source="upload")
    add(database, "pic", kind="image", size_bytes=50, visibility="private")
    assert names(library, since=now - timedelta(days=1), sort="name", descending=False) == ["new", "pic"]
    assert names(library, until=now - timedelta(days=1)) == ["old"]
    assert names(library, min_size=50, max_size=98) == ["pic"]
    assert names(library, min_duration=100) == ["new"] == names(library, max_duration=600, min_duration=6)
    assert names(library, tag="two words") == ["new"] and names(library, tag="two") == []
    assert names(library, uploader="una") == ["new"] and names(library, uploader="nobody") == []
    assert names(library, source="upload") == ["new"] and names(library, kind="image") == ["pic"]
    assert "pic" not in names(library, include_private=False, viewer_id=user)
    assert names(library, include_private=False, guest=True, viewer_id=user) == ["new"]
    assert library.uploaders() == ["Una"] and library.names([user]) == {user: "Una"}
    database.run("DELETE FROM users WHERE id = %s", [user])


@pytest.mark.parametrize("sort", ["created_at", "name", "size", "duration", "relevance"])
@pytest.mark.parametrize("descending", [True, False])
def test_cursors_walk_through_everything_exactly_once(library, database, sort, descending):
    for number in range(23):
        add(database, f"Item {number % 5}", size_bytes=number % 3, duration=None if number % 4 else number / 7)
    filters = Filters(sort=sort, descending=descending, query="item" if sort == "relevance" else None, **EVERYTHING)
    whole = library.page(filters, 50).items
    page = library.page(filters, 4)
    walked = page.items
    while page.end is not None:
        page = library.page(filters, 4, after=page.end)
        walked += page.items
    assert [media.id for media in walked] == [media.id for media in whole] and len(whole) == 23
    assert library.page(filters, 4, offset=5).items == whole[5:9]


@pytest.mark.parametrize("after", [("x", "y"), ("2026-01-01", "y"), ("\0", "\0"), ("", "")])
def test_a_forged_cursor_is_refused(library, after):
    with pytest.raises(BadRequest):
        library.page(Filters(**EVERYTHING), 4, after=after)


def test_what_has_no_duration_comes_last_both_ways(library, database):
    for name, duration in (("short", 1), ("none", None), ("long", 9)):
        add(database, name, duration=duration)
    assert names(library, sort="duration") == ["long", "short", "none"]
    assert names(library, sort="duration", descending=False) == ["short", "long", "none"]


def test_a_large_total_says_that_it_is_capped(library, database, monkeypatch):
    monkeypatch.setattr(store, "COUNTED", 5)
    monkeypatch.setattr(store, "CANDIDATES", 3)
    monkeypatch.setattr(store, "TAGGED", 2)
    for number in range(7):
        add(database, f"song {number}", tags=["loud"])
    found = library.page(Filters(**EVERYTHING), 2)
    assert (found.total, found.capped, len(found.items)) == (5, True, 2)
    searched = Filters(query="song", sort="relevance", **EVERYTHING)
    assert (library.page(searched, 2).total, library.page(searched, 2).capped) == (3, True)
    for order in ("created_at", "name"):
        tagged = library.page(Filters(tag="loud", kind="video", sort=order, **EVERYTHING), 3)
        assert (tagged.total, tagged.capped, len(tagged.items)) == (2, True, 3)
    assert library.page(Filters(min_size=2, **EVERYTHING), 2).total == 0


def test_tags_are_counted_and_say_when_not_all_were(library, database, monkeypatch):
    for number in range(4):
        add(database, f"n{number}", tags=["red"] + ["blue"] * (number % 2), visibility="private" if number == 3 else "library")
    assert library.tags(Filters(**EVERYTHING)) == ([("red", 4), ("blue", 2)], False)
    assert library.tags(Filters()) == ([("red", 3), ("blue", 1)], False)
    assert library.tags(Filters(tag="blue", **EVERYTHING)) == ([("blue", 2), ("red", 2)], False)
    monkeypatch.setattr(store, "SAMPLE", 2)
    assert library.tags(Filters(**EVERYTHING)) == ([("red", 2), ("blue", 1)], True)


def test_what_is_in_the_trash_is_nowhere(library, database):
    add(database, "thrown away", tags=["red"], trashed_at=datetime.now(UTC))
    assert names(library) == [] == names(library, query="thrown") and library.tags(Filters(**EVERYTHING)) == ([], False)


def test_a_word_is_learned_when_a_media_gets_it(library, database):
    add(database, "plain.mp4")
    database.run("UPDATE media SET tags = ARRAY['Marmalade']")
    assert names(library, query="marmelade") == ["plain.mp4"]


def test_enough_exact_matches_hide_the_misspelt_ones(library, database):
    for number in range(9):
        add(database, f"holiday {number}")
    add(database, "holidaze")
    assert "holidaze" not in names(library, query="holiday")
    assert names(library, query="holidaze")[0] == "holidaze"

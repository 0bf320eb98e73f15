"""Lists of the library against a real Postgres: search, filters, order, cursors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from control.errors import BadRequest
from control.storage.sql.library import Filters, LibraryStore

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
    items, _ = library.page(Filters(**(EVERYTHING | filters)), 50)
    assert library.count(Filters(**(EVERYTHING | filters))) == len(items)
    return [media.name for media in items]


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
    assert library.tags(Filters(**EVERYTHING)) == ["red", "two words"]
    database.run("DELETE FROM users WHERE id = %s", [user])


@pytest.mark.parametrize("sort", ["created_at", "name", "size", "duration", "relevance"])
@pytest.mark.parametrize("descending", [True, False])
def test_cursors_walk_through_everything_exactly_once(library, database, sort, descending):
    for number in range(23):
        add(database, f"Item {number % 5}", size_bytes=number % 3, duration=None if number % 4 else number / 7)
    filters = Filters(sort=sort, descending=descending, query="item" if sort == "relevance" else None, **EVERYTHING)
    whole, _ = library.page(filters, 50)
    walked, end = [], None
    while True:
        items, end = library.page(filters, 4, after=end)
        walked += items
        if len(items) < 4:
            break
    assert [media.id for media in walked] == [media.id for media in whole] and len(whole) == 23


@pytest.mark.parametrize("after", [("x", "y"), ("2026-01-01", "y"), ("\0", "\0"), ("", "")])
def test_a_forged_cursor_is_refused(library, after):
    with pytest.raises(BadRequest):
        library.page(Filters(**EVERYTHING), 4, after=after)

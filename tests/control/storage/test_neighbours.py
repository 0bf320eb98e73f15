"""What lies before and after a media, against a real Postgres: order, filters, ends, whose eyes; by index."""

from __future__ import annotations

import re

import pytest

from control.storage.sql.library_filters import Filters
from control.storage.sql.media import MediaStore
from control.storage.sql.neighbours import NeighbourStore
from tests.control.storage.test_library import add

EVERYTHING = {"include_private": True}


@pytest.fixture
def shelf(database):
    """Eight photos, two of which are not for everybody and one of which is not ready."""
    database.run("DELETE FROM media")
    for number in range(1, 9):
        columns = {4: {"visibility": "private"}, 6: {"state": "processing"}, 7: {"visibility": "private"}}.get(number, {})
        add(database, f"photo {number}", kind="image", size_bytes=number % 3, folder="Trip", **columns)
    return database


def one(database, name: str):
    return MediaStore(database).find(database.one("SELECT id::text FROM media WHERE name = %s", [name])["id"])


def around(database, name: str, limit=9, beside=False, **filters) -> tuple[list[str], list[str]]:
    wanted = Filters(**(EVERYTHING | filters))
    before, after = NeighbourStore(database).around(one(database, name), wanted, limit, beside)
    return [media.name[-1] for media in before], [media.name[-1] for media in after]


def test_the_nearest_come_first_and_the_ends_are_ends(shelf):
    by_name = {"sort": "name", "descending": False}
    assert around(shelf, "photo 3", **by_name) == (["2", "1"], ["4", "5", "7", "8"])
    assert around(shelf, "photo 3", limit=1, **by_name) == (["2"], ["4"])
    assert around(shelf, "photo 1", **by_name)[0] == [] == around(shelf, "photo 8", **by_name)[1]
    assert around(shelf, "photo 3", limit=1, sort="name") == (["4"], ["2"])  # descending


@pytest.mark.parametrize("sort", ["created_at", "name", "size", "duration", "relevance"])
@pytest.mark.parametrize("descending", [True, False])
def test_the_order_is_that_of_the_library(shelf, sort, descending):
    wanted = {"sort": sort, "descending": descending, "query": "photo" if sort == "relevance" else None}
    before, after = around(shelf, "photo 5", **wanted)
    assert sorted([*before, "5", *after]) == list("1234578")
    for name in before:
        assert "5" in around(shelf, f"photo {name}", **wanted)[1]


def test_what_the_viewer_may_not_see_is_passed_over(shelf):
    assert around(shelf, "photo 3", sort="name", descending=False, include_private=False) == (["2", "1"], ["5", "8"])


def test_beside_it_is_its_folder_or_mount_directory(shelf):
    add(shelf, "photo 9", kind="image", folder="Trip/more")
    add(shelf, "photo 0", kind="image")
    add(shelf, "film 3x", folder="Trip")
    for name in ("a/1", "a/2", "a/b/3", "b/4", "5"):
        add(shelf, f"file {name}", kind="image", source="mount", mount="drive", path=f"dir/{name}".encode())
    assert around(shelf, "photo 3", beside=True) == (["2", "1"], ["4", "5", "7", "8"])
    assert around(shelf, "file a/1", beside=True) == ([], ["2"])
    assert around(shelf, "file 5", beside=True) == ([], [])


def test_beside_a_song_is_its_album_in_the_order_of_its_tracks(shelf):
    for disc, track, name in ((1, "10/12", "b"), (1, "9/12", "c"), (2, "1", "a"), (1, "1", "d")):
        facts = f'{{"tags": {{"album": "100% Water_s", "track": "{track}", "disc": "{disc}"}}}}'
        add(shelf, f"song {name}", kind="audio", facts=facts)
    add(shelf, "song x", kind="audio", facts='{"tags": {"album": "100 Waters"}}')
    add(shelf, "song y", kind="audio", facts='{"tags": {"album": "100% Water_s", "album_artist": "Somebody"}}')
    assert around(shelf, "song c", beside=True) == (["d"], ["b", "a"])


def test_each_way_is_a_range_of_an_index(shelf):
    """With three thousand more, no plan reads or sorts the table: how far a step is does not count how much there is."""
    shelf.run("""INSERT INTO media (kind, size_bytes, source, state, name, created_at) SELECT 'image', n, 'import', 'completed',
        'filler ' || n, now() - n * interval '1 minute' FROM generate_series(1, 3000) n""")
    shelf.run("ANALYZE media")
    for filters in ({"sort": "name", "descending": False}, {"sort": "created_at"}):
        plan = plan_of(shelf, one(shelf, "filler 1500"), Filters(kind="image", **EVERYTHING, **filters))
        assert "Seq Scan" not in plan and plan.count("Index Scan") >= 3, plan
        assert max(map(int, re.findall(r"Index Scan.*?actual rows=(\d+)", plan))) <= 3, plan


def plan_of(database, media, filters) -> str:
    class Explaining:
        def all(self, query, parameters):
            self.plan = database.all("EXPLAIN (ANALYZE, COSTS off, TIMING off) " + query, parameters)
            return []

    explaining = Explaining()
    NeighbourStore(explaining).around(media, filters, 2)
    return "\n".join(row["QUERY PLAN"] for row in explaining.plan)


def test_names_are_counted_as_people_count(database):
    database.run("DELETE FROM media")
    for number in (1, 2, 10, 20):
        add(database, f"Film {number}.mkv", folder="Series")
    before, after = NeighbourStore(database).around(one(database, "Film 2.mkv"), Filters(**EVERYTHING), 9, True)
    assert [media.name for media in before] == ["Film 1.mkv"]
    assert [media.name for media in after] == ["Film 10.mkv", "Film 20.mkv"]

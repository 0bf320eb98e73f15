"""The trash against a real Postgres: what goes in, comes back, and goes for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from control.errors import BadRequest
from control.storage.sql.batches import BatchStore
from control.storage.sql.library import Filters, LibraryStore
from control.storage.sql.media import MediaStore
from control.storage.sql.queue import QueueStore
from control.storage.sql.trash import TrashStore

UNA, DUO = "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000002"


@pytest.fixture
def told() -> list[str]:
    """Which media everybody was told of."""
    return []


@pytest.fixture
def trash(database, told) -> TrashStore:
    database.run("DELETE FROM procrastinate_jobs")
    database.run("DELETE FROM media")
    for user, name in ((UNA, "una-of-the-trash"), (DUO, "duo-of-the-trash")):
        database.run(
            "INSERT INTO users (id, username, password_hash) VALUES (%s, %s, '') ON CONFLICT DO NOTHING", [user, name]
        )
    return TrashStore(database, told.append)


def add(database, name: str, owner: str | None = UNA, **columns) -> str:
    columns = {"kind": "video", "size_bytes": 7, "source": "import", "state": "completed", "name": name,
               "owner_id": owner, **columns}  # fmt: skip
    names, places = ", ".join(columns), ", ".join(["%s"] * len(columns))
    query = f"INSERT INTO media ({names}) VALUES ({places}) RETURNING id::text"
    return database.one(query, list(columns.values()))["id"]


def nothing(held) -> None:
    pass


def names(trash, owner=None) -> list[str]:
    return [one.media.name for one in trash.page(owner, 50)[0]]


def test_what_is_in_the_trash_is_nowhere_else_and_comes_back(trash, database, told):
    first, second = add(database, "first", duration=3, sha256=b"x", tags=["t"]), add(database, "second", duration=3)
    library, media = LibraryStore(database), MediaStore(database)
    everything = Filters(include_private=True)
    assert trash.put([first, first], DUO) == [first] == told
    found = library.page(everything, 9)
    assert ([one.name for one in found.items], found.total) == (["second"], 1)
    assert library.ids(everything, 9) == [second] and library.tags(everything) == ([], False)
    assert media.in_folder(UNA, "", 9) == [media.find(second)]
    assert media.find_by_content(b"x", second) is None and not media.has_size(7, second)
    found = trash.page(UNA, 9)[0][0]
    assert (found.media.id, found.by, found.owner, found.media.trashed_at) == (first, "duo-of-the-trash", "una-of-the-trash", found.at)
    assert trash.put([first], DUO) == []  # it is there already
    assert trash.restore([first, second], nothing) == [first]
    assert names(trash) == [] and library.page(everything, 9).total == 2 and media.find(first).trashed_at is None


def test_a_page_is_of_one_user_or_of_everybody_and_cursors_walk_through_it(trash, database):
    for number in range(5):
        trash.put([add(database, f"una {number}")], UNA)
    trash.put([add(database, "duo", DUO, size_bytes=100), add(database, "nobody", None)], None)
    assert len(names(trash)) == 7 and names(trash, DUO) == ["duo"]
    assert (trash.contents(None).items, trash.contents(DUO).size_bytes) == (7, 100)
    walked, end = [], None
    while True:
        items, end = trash.page(UNA, 2, end)
        walked += [one.media.name for one in items]
        if end is None:
            break
    assert walked == [f"una {number}" for number in (4, 3, 2, 1, 0)]
    with pytest.raises(BadRequest):
        trash.page(None, 2, ("no moment", UNA))


def test_a_mounted_file_never_goes_in_nor_for_good(trash, database):
    mounted = add(database, "mounted", None, source="mount", mount="drive", path=b"mounted")
    assert trash.put([mounted], UNA) == [] == trash.doom([mounted])
    database.run("UPDATE media SET deleted_at = now()")  # its file is away
    assert trash.doomed(9) == []
    trash.forget(mounted)
    assert database.one("SELECT count(*) AS n FROM media")["n"] == 1


def test_files_are_moved_while_nobody_can_bring_the_media_back(trash, database):
    media = add(database, "held")
    trash.put([media], UNA)
    with pytest.raises(OSError, match="disk"):
        trash.restore([media], lambda held: (_ for _ in ()).throw(OSError("disk")))
    assert names(trash) == ["held"]
    seen = []
    trash.hold([media], lambda held: seen.extend(held))
    trash.restore([media], nothing)
    trash.hold([media], lambda held: seen.extend(held))
    assert [one.id for one in seen] == [media]


def test_an_import_that_was_not_finished_is_queued_again_once(trash, database):
    waiting, done = add(database, "waiting", state="processing"), add(database, "done")
    trash.put([waiting, done], UNA)
    assert QueueStore(database).jobs() == []
    trash.restore([waiting, done], nothing)
    trash.put([waiting], UNA)
    trash.restore([waiting], nothing)
    assert [job.media_id for job in QueueStore(database).jobs()] == [waiting]
    assert MediaStore(database).unqueued_imports() == []


def test_for_good_is_for_what_is_old_and_waits_for_whoever_works_on_it(trash, database):
    old, young, busy = add(database, "old"), add(database, "young"), add(database, "busy", state="processing")
    trash.put([old, young], UNA)
    database.run("UPDATE media SET trashed_at = now() - interval '31 days' WHERE id = %s", [old])
    assert [one.media.name for one in trash.doom_all(None, datetime.now(UTC) - timedelta(days=30))] == ["old"]
    QueueStore(database).defer(busy, "video")
    database.run("UPDATE procrastinate_jobs SET status = 'doing'")
    assert trash.doom([busy, old]) == [busy]
    assert trash.restore([old], nothing) == [] and names(trash) == ["young"]
    assert [remains.id for remains in trash.doomed(9)] == [old]
    trash.forget(old)
    trash.forget(young)  # is only in the trash
    database.run("UPDATE procrastinate_jobs SET status = 'succeeded'")
    assert [remains.id for remains in trash.doomed(9)] == [busy] and names(trash) == ["young"]


def test_tags_keep_their_order_and_are_taken_off_before_others_are_added(trash, database, told):
    first, second, gone = add(database, "1", tags=["b", "a"]), add(database, "2", tags=[]), add(database, "3")
    trash.put([gone], UNA)
    batches = BatchStore(database, told.append)
    assert set(batches.tag([first, second, gone], ["z", "a", "b"], ["b"])) == {first, second}
    found = {media.id: media.tags for media in MediaStore(database).find_all([first, second, gone])}
    assert found == {first: ("a", "z", "b"), second: ("z", "a", "b"), gone: ()}
    assert batches.show_to([second], "public") == [second] and MediaStore(database).find(second).visibility == "public"
    assert told == [gone, *sorted([first, second], key=told.index), second]

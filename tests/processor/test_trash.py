"""The trash's end in the processor: retention, files before rows, and imports that are deleted while they are made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from control.settings.paths import DIRECTORIES, Paths
from control.storage.objects.posix import Posix
from control.storage.sql.audit import AuditStore, Search
from control.storage.sql.trash import TrashStore
from control.vault import removal
from nginx import contract
from processor import trash as module
from processor.trash import Trash
from tests.processor.alone import Alone, Row


class Killed(BaseException):
    pass


@pytest.fixture
def paths(tmp_path) -> Paths:
    for name in DIRECTORIES:
        (tmp_path / name).mkdir()
    return Paths(tmp_path)


@pytest.fixture
def swept(database, paths) -> Trash:
    database.run("DELETE FROM media")
    return Trash(TrashStore(database), AuditStore(database), paths, Posix(paths.vault), days=30)


def deleted(database, paths, days: float, name: str = "n") -> str:
    """A media with a rendition that went into the trash so long ago."""
    media = database.one(
        """INSERT INTO media (name, kind, size_bytes, source, state, original, trashed_at)
           VALUES (%s, 'audio', 9, 'import', 'completed', 'kept', now() - make_interval(days => %s)) RETURNING id::text""",
        [name, days],
    )["id"]
    directory = paths.vault / contract.vault_directory(media)
    directory.mkdir(parents=True)
    (directory / contract.MANIFEST).write_text("made")
    return media


def rows(database) -> list[str]:
    return [row["name"] for row in database.all("SELECT name FROM media ORDER BY name")]


def test_after_thirty_days_it_goes_for_good_with_its_files_and_a_line_in_the_trail(swept, database, paths):
    old, young = deleted(database, paths, 31, "old"), deleted(database, paths, 29, "young")
    since = datetime.now(UTC)
    swept.sweep()
    assert rows(database) == ["young"]
    assert [path.name for path in paths.vault.glob("*/*")] == [young]
    entry = AuditStore(database).find(Search(media_id=old, since=since), 5)[0]
    assert (entry.event, entry.reason, entry.principal, entry.details["name"]) == ("media_deleted", "age", "processor", "old")


@pytest.mark.parametrize("moment", ["before its files", "before its row"])
def test_a_kill_in_between_is_finished_by_the_next_sweep(swept, database, paths, monkeypatch, moment):
    deleted(database, paths, 31)

    def kill(*_) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(*((module, "remove") if moment == "before its files" else (TrashStore, "forget")), kill)
        with pytest.raises(Killed):
            swept.sweep()
    assert rows(database) == ["n"] and bool(list(paths.vault.glob("*/*"))) is (moment == "before its files")
    assert TrashStore(database).page(None, 9)[0] == []  # nobody brings it back meanwhile
    swept.sweep()
    assert rows(database) == [] == list(paths.vault.glob("*/*"))


def test_what_cannot_be_removed_keeps_its_row_and_holds_nothing_up(swept, database, paths, monkeypatch):
    stubborn = deleted(database, paths, 32, "stubborn")
    deleted(database, paths, 31, "other")

    def refuse(where, objects, remains) -> None:
        if remains.id == stubborn:
            raise PermissionError(remains.id)
        removal.remove(where, objects, remains)

    monkeypatch.setattr(module, "remove", refuse)
    swept.sweep()
    assert rows(database) == ["stubborn"]


def test_a_plain_original_that_a_kill_left_in_its_place_is_put_aside(swept, database, paths):
    media = deleted(database, paths, 1)
    place = paths.files / "originals" / contract.vault_directory(media) / contract.ORIGINAL
    place.parent.mkdir(parents=True)
    place.write_text("song")
    swept.settle()
    assert not place.exists() and place.with_name("original.trashed").read_text() == "song"


@pytest.mark.parametrize("looks", [1, 2])
def test_an_import_that_is_deleted_leaves_nothing_and_its_file_stays_for_its_return(
    settings, film, tmp_path, monkeypatch, looks
):  # fmt: skip
    """Before its job begins, or while the film is being made."""

    class Deleted(Row):
        seen = 0

        def find(self, media_id: str):
            self.seen += 1
            return replace(self.media, trashed_at=None if self.seen < looks else datetime.now(UTC))

    monkeypatch.setattr("tests.processor.alone.Row", Deleted)
    monkeypatch.setattr("processor.pipeline._PROGRESS_SECONDS", 0)
    alone = Alone(settings, tmp_path / "alone")
    source = alone.settings.paths.imports / "film.mp4"
    source.write_bytes(film.read_bytes())
    row = alone.process(source)
    assert (row.state, row.sentence, row.seen >= looks) == ("pending", None, True)
    assert source.exists() and not list(alone.settings.paths.vault.glob("*/*"))
    assert not list(alone.settings.paths.quarantine.iterdir())

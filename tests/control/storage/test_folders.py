"""Folders of the library against a real Postgres: what lies in them, whose, and names that are no text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from control.domain.folders import Folder, path_of, shelf_of, trail
from control.storage.sql import folders as store
from control.storage.sql.folders import FolderStore
from control.storage.sql.library import LibraryStore
from control.storage.sql.library_filters import Filters
from control.storage.sql.media import MediaStore
from control.storage.sql.migrate import MIGRATIONS

EVERYTHING = {"include_private": True}


@pytest.fixture
def folders(database) -> FolderStore:
    database.run("DELETE FROM media")
    return FolderStore(database)


@pytest.fixture
def una(database):
    user = database.one("INSERT INTO users (username, password_hash) VALUES ('folder-una', '') RETURNING id::text")["id"]
    yield user
    database.run("DELETE FROM users WHERE id = %s", [user])


def put(database, folder: str, name: str = "a.jpg", **columns) -> None:
    columns = {"kind": "image", "size_bytes": 1, "source": "upload", "state": "completed", "folder": folder, "name": name, **columns}
    places = ", ".join(["%s"] * len(columns))
    database.run(f"INSERT INTO media ({', '.join(columns)}) VALUES ({places})", list(columns.values()))


def mount(database, path: bytes) -> None:
    put(database, "", "m", source="mount", mount="drive", path=path)


def within(folders, folder: str = "", **whose) -> dict[str, int]:
    return {found.path: found.items for found in folders.within(Filters(folder=folder, **(whose or EVERYTHING)))}


def test_each_folder_counts_all_below_it(folders, database):
    for folder in ("Trips/2026/Oslo", "Trips/2026", "Trips", "Trips!", "Trips 2", "", "Trips0"):
        put(database, folder)
    assert within(folders) == {"Trips": 3, "Trips!": 1, "Trips 2": 1, "Trips0": 1}
    assert within(folders, "Trips") == {"Trips/2026": 2} and within(folders, "Trips/2026/Oslo") == {}


def test_a_mount_is_a_folder_and_its_paths_are_bytes(folders, database):
    mount(database, b"top.mp3")
    mount(database, b"b\xe4d/\\x/one.mp3")
    mount(database, b"b\xe4d/two.mp3")
    assert within(folders) == {"drive": 3} and within(folders, "drive") == {r"drive/b\xe4d": 2}
    assert within(folders, r"drive/b\xe4d") == {r"drive/b\xe4d/\\x": 1}
    found = LibraryStore(database).page(Filters(folder=r"drive/b\xe4d/\\x", directly=True, **EVERYTHING), 9)
    assert [media.path for media in found.items] == ["b\udce4d/\\x/one.mp3"]


def test_a_folder_has_what_lies_in_it_and_with_a_word_all_below(folders, database):
    put(database, "A", "one")
    put(database, "A/B", "two")
    put(database, "", "top")
    library = LibraryStore(database)
    listed = lambda **filters: [media.name for media in library.page(Filters(sort="name", descending=False, **filters, **EVERYTHING), 9).items]  # noqa: E731
    assert listed(folder="A", directly=True) == ["one"] and listed(folder="A") == ["one", "two"]
    assert listed(folder="", directly=True) == ["top"] and listed(folder="A", query="two") == ["two"]


def test_nobody_learns_of_anothers_private_folders(folders, database, una):
    put(database, "Hers", owner_id=una, visibility="private")
    put(database, "Shared/Hers", owner_id=una, visibility="private")
    put(database, "Shared")
    put(database, "Open", visibility="public")
    nobody = "00000000-0000-4000-8000-000000000000"
    assert within(folders, viewer_id=nobody) == {"Open": 1, "Shared": 1}
    assert within(folders, "Shared", viewer_id=nobody) == {}
    assert within(folders, viewer_id=una) == {"Hers": 1, "Open": 1, "Shared": 2}
    assert within(folders, guest=True, viewer_id=nobody) == {"Open": 1}


def test_a_full_folder_says_that_there_is_more(folders, database, monkeypatch):
    monkeypatch.setattr(store, "COUNTED", 2)
    for name in "abc":
        put(database, "Full", name)
    assert folders.within(Filters(folder="", **EVERYTHING)) == [Folder("Full", 2, more=True)]


@pytest.mark.parametrize("shelf", [b"", b"a/", b"a b/c/", "Gr\u00fc\u00dfe/".encode(), b"\xff\x00\\x/", b"\\\\xff/"])
def test_bytes_and_addresses_are_each_others_inverse(shelf):
    assert shelf_of(path_of(shelf)) == shelf


def test_the_trail_leads_back_to_the_top():
    assert trail("A/B c") == [("A", "A"), ("B c", "A/B c")] and trail("") == []


def test_a_directory_of_imports_is_a_folder_also_of_what_was_imported_before(database, folders):
    media, status = MediaStore(database), Path(__file__).stat()
    for path in (b"top.jpg", b"Trips/2026/a.jpg", b"caf\xc3\xa9/b.jpg", b"caf\xe9/c.jpg"):
        media.register_import(path, status, os.path.basename(path).decode(), "image")
    asked = "SELECT name, folder FROM media ORDER BY name"
    kept = [("a.jpg", "Trips/2026"), ("b.jpg", "café"), ("c.jpg", "caf?"), ("top.jpg", "")]
    assert [tuple(row.values()) for row in database.all(asked)] == kept
    database.run("UPDATE media SET folder = ''")
    database.run((MIGRATIONS / "0020-import-folders.sql").read_text())
    kept[2] = ("c.jpg", "")  # no text: it stays where it was
    assert [tuple(row.values()) for row in database.all(asked)] == kept

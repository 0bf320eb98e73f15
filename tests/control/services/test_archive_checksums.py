"""Checksums: what may be trusted, and how a preparation ends."""

from __future__ import annotations

import os
import zlib
from datetime import UTC, datetime

import pytest

from control.domain.archives import Member
from control.domain.media import Media
from control.errors import MountAway
from control.services import archive_checksums
from control.services.archive_checksums import Checksums, fingerprint, known_checksum
from control.storage.originals import Originals
from control.storage.sql.archives import packed, unpacked

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Store:
    """What was written down, in order."""

    def __init__(self, wanted: bool = True):
        self.wanted, self.told, self.checksums = wanted, [], {}

    def note_checksums(self, found):
        self.checksums |= {media: (crc, of) for media, crc, of in found}

    def note_progress(self, archive, percent):
        self.told.append(percent)
        return self.wanted

    def finish(self, archive, manifest, size):
        self.told.append(unpacked(manifest))

    def fail(self, archive, sentence):
        self.told.append(sentence)


class Here:
    def must_be_there(self, name):
        if name == "away":
            raise MountAway()


def prepare(tmp_path, members, store=None) -> Store:
    store = store or Store()
    roots = {"users": tmp_path, "shelf": tmp_path, "away": tmp_path}
    Checksums(
        store, Originals(roots), Here(), packed, lambda place, f, *arguments: f(*arguments), lambda f, *arguments: f(*arguments)
    ).start("archive", members)  # fmt: skip
    return store


def media(**facts) -> Media:
    known = {"id": "m", "name": "a", "kind": "document", "mime": "", "size_bytes": 9, "source": "upload",
             "state": "completed", "created_at": NOW, "original": "kept"}  # fmt: skip
    return Media(**known | facts)


def test_a_file_is_read_once_and_what_it_was_read_from_is_noted(tmp_path):
    content = os.urandom(5000)
    (tmp_path / "one").write_bytes(content)
    at = (tmp_path / "one").stat().st_mtime_ns
    known = Member("known", 3, 7, 0, "users", "nowhere", "k")
    store = prepare(tmp_path, [known, Member("one", 1, None, 0, "shelf", "one", "m")])
    assert store.checksums == {"m": (zlib.crc32(content), fingerprint(5000, at))}
    assert store.told[-1] == [known, Member("one", 5000, zlib.crc32(content), at, "shelf", "one", "m")]


def test_a_large_file_is_read_in_steps_with_signs_of_life(tmp_path, monkeypatch):
    monkeypatch.setattr("control.storage.originals.STEP", 1000)
    monkeypatch.setattr(archive_checksums, "NOTE_SECONDS", -1)
    content = os.urandom(4500)
    (tmp_path / "one").write_bytes(content)
    store = prepare(tmp_path, [Member("one", 4500, None, 0, "users", "one", "m")])
    assert len(store.told) == 7 and store.told[:5] == sorted(store.told[:5])
    assert store.told[-1][0].crc32 == zlib.crc32(content)


@pytest.mark.parametrize(
    ("root", "path", "says"),
    [("users", "gone", "folder/gone.txt"), ("users", "link", "folder/gone.txt"), ("users", "pipe", "folder/gone.txt"),
     ("users", "../secret", "folder/gone.txt"), ("other", "one", "folder/gone.txt"), ("away", "one", "drive")],
)  # fmt: skip
def test_what_cannot_be_read_fails_it_with_a_sentence(tmp_path, root, path, says):
    inner = tmp_path / "inner"
    inner.mkdir()
    os.mkfifo(inner / "pipe")
    (inner / "one").write_bytes(b"x")
    (inner / "link").symlink_to(inner / "one")
    store = prepare(inner, [Member("folder/gone.txt", 1, None, 0, root, path, "m")])
    assert says in store.told[-1]


def test_a_file_that_changes_while_it_is_read_fails_it(tmp_path, monkeypatch):
    monkeypatch.setattr("control.storage.originals.STEP", 10)
    file = tmp_path / "growing"
    file.write_bytes(bytes(30))
    monkeypatch.setattr(archive_checksums, "NOTE_SECONDS", -1)
    store = Store()
    store.note_progress = lambda *_: file.open("ab").write(b"more")
    assert (
        "growing.txt"
        in prepare(tmp_path, [Member("growing.txt", 30, None, 0, "users", "growing", "m")], store).told[-1]
    )


def test_nobody_wants_it_any_more(tmp_path, monkeypatch):
    monkeypatch.setattr(archive_checksums, "NOTE_SECONDS", -1)
    (tmp_path / "one").write_bytes(b"x")
    assert prepare(tmp_path, [Member("one", 1, None, 0, "users", "one", "m")], Store(wanted=False)).told == [99.9]


def test_a_checksum_counts_for_the_file_that_it_was_read_from():
    upload = media(stored="users/u/2026/01/02/m")
    assert known_checksum(upload, {"crc32": 5, "crc32_of": None, "mtime_ns": None})[0] == 5
    assert known_checksum(media(), {"crc32": 5, "crc32_of": None, "mtime_ns": None})[0] is None
    assert known_checksum(media(), {"crc32": 5, "crc32_of": "9:70", "mtime_ns": None}) == (5, 70)
    assert known_checksum(media(), {"crc32": 5, "crc32_of": "8:70", "mtime_ns": None})[0] is None
    mounted = media(mount="shelf", path="a", source="mount", original="mount")
    assert known_checksum(mounted, {"crc32": 5, "crc32_of": "9:70", "mtime_ns": 70}) == (5, 70)
    for other in ({"crc32_of": "9:71"}, {"crc32_of": "8:70"}, {"crc32_of": None}, {"mtime_ns": None}):
        assert known_checksum(mounted, {"crc32": 5, "crc32_of": "9:70", "mtime_ns": 70} | other)[0] is None


def test_names_that_are_no_utf8_survive_the_manifest():
    member = Member("a", 1, 2, 3, "shelf", "x/\udcff\udc80.bin", "m")
    assert unpacked(packed([member])) == [member]

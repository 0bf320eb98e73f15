"""What lies on the disks of a media goes whatever moment it is killed at, and nothing else does."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from control.domain.media import Media
from control.domain.trash import Remains
from control.settings.paths import DIRECTORIES, Paths
from control.storage.objects.posix import Posix
from control.vault.originals import archive_path, kept_path, pending_path
from control.vault.removal import bring_back, put_aside, remove
from nginx import contract

GONE, OTHER = "0f0f0f0f-0000-4000-8000-000000000001", "0f0f0f0f-0000-4000-8000-000000000002"
CALLS = 24  # of the system that a removal makes, and a few


class Killed(BaseException):
    pass


@pytest.fixture
def paths(tmp_path) -> Paths:
    for name in DIRECTORIES:
        (tmp_path / name).mkdir()
    return Paths(tmp_path)


def everything(paths: Paths, media: str, imported: str = "") -> Remains:
    """Files of a media wherever there may be some, also what interrupted work leaves."""
    vault = paths.vault / contract.vault_directory(media)
    places = [
        vault / "720p/seg_00000.ts", vault / contract.MANIFEST, vault.with_name(media + ".old") / "still.webp.enc",
        archive_path(paths, media), archive_path(paths, media).with_name(media + ".new"), kept_path(paths, media),
        kept_path(paths, media).with_name("original.trashed"), pending_path(paths, media),
        paths.quarantine / media / "reason.txt",
    ]  # fmt: skip
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(media)
    if not imported:
        return Remains(media, "name", None, None, None, None)
    (paths.imports / imported).write_text(media)
    status = (paths.imports / imported).stat()
    return Remains(media, "name", None, os.fsencode(imported), status.st_ino, status.st_mtime_ns)


def files(paths: Paths) -> set[str]:
    return {str(path.relative_to(paths.data)) for path in paths.data.rglob("*") if path.is_file()}


def killed_at(monkeypatch, number: int, act) -> bool:
    """Run `act` and kill it at its `number`th change of the disk; whether it came so far."""
    left = [number]
    with monkeypatch.context() as patch:
        for name in ("unlink", "rmdir"):
            real = getattr(os, name)

            def counted(*arguments, real=real, **named):
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
                return real(*arguments, **named)

            patch.setattr(os, name, counted)
        try:
            act()
        except Killed:
            return True
    return False


def test_whatever_moment_it_is_killed_at_the_next_run_finishes_and_touches_nothing_else(paths, monkeypatch):
    other = everything(paths, OTHER, "other.mp4")
    kept = files(paths)
    kills = 0
    for number in range(CALLS):
        gone = everything(paths, GONE, "gone.mp4")
        kills += killed_at(monkeypatch, number, lambda gone=gone: remove(paths, Posix(paths.vault), gone))
        remove(paths, Posix(paths.vault), gone)
        assert files(paths) == kept, number
    assert kills >= 12
    remove(paths, Posix(paths.vault), other)
    assert files(paths) == set()


def test_what_a_duplicate_is_linked_to_keeps_its_other_name(paths):
    everything(paths, GONE)
    for where in (paths.vault / contract.vault_directory(GONE), paths.archive / GONE[:2]):
        for file in [path for path in where.rglob("*") if path.is_file()]:
            linked = Path(str(file).replace(GONE, OTHER))
            linked.parent.mkdir(parents=True, exist_ok=True)
            os.link(file, linked)
    linked = {name for name in files(paths) if OTHER in name}
    remove(paths, Posix(paths.vault), Remains(GONE, "name", None, None, None, None))
    assert files(paths) == linked and len(linked) >= 3
    assert all((paths.data / name).read_text() == GONE for name in linked)


def test_another_file_in_the_place_of_the_imported_one_stays(paths):
    gone = everything(paths, GONE, "gone.mp4")
    (paths.imports / "new").write_text("another one")
    os.replace(paths.imports / "new", paths.imports / "gone.mp4")
    remove(paths, Posix(paths.vault), gone)
    assert files(paths) == {"imports/gone.mp4"}


def test_an_upload_goes_and_its_neighbours_of_the_day_stay(paths):
    stored = f"users/{OTHER}/2026/11/27/{GONE}"
    for name in (stored, stored + contract.TRASHED, stored[:-1] + "9"):
        (paths.files / name).parent.mkdir(parents=True, exist_ok=True)
        (paths.files / name).write_text("upload")
    remove(paths, Posix(paths.vault), Remains(GONE, "name", stored, None, None, None))
    assert files(paths) == {f"files/{stored[:-1]}9"}


def test_what_cannot_be_removed_is_said(paths, monkeypatch):
    gone = everything(paths, GONE)
    monkeypatch.setattr(shutil, "rmtree", lambda directory: (_ for _ in ()).throw(PermissionError(directory)))
    with pytest.raises(PermissionError):
        remove(paths, Posix(paths.vault), gone)


def test_a_plain_original_is_put_aside_and_comes_back_as_often_as_one_likes(paths):
    media = Media(GONE, "n", "audio", "audio/mpeg", 1, "import", "completed", datetime.now(UTC), original="kept")
    place = kept_path(paths, GONE)
    place.parent.mkdir(parents=True)
    place.write_text("song")
    for _ in range(2):
        put_aside(paths, media)
    assert files(paths) == {str(place.relative_to(paths.data)) + contract.TRASHED}
    for _ in range(2):
        bring_back(paths, media)
    assert place.read_text() == "song" and len(files(paths)) == 1

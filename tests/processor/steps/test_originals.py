"""No original is ever lost: archived and read back, kept, or put into quarantine."""

from __future__ import annotations

import pytest

from control import vault
from control.settings.paths import Paths
from control.vault.originals import ARCHIVE_LABEL
from nginx import contract
from processor.steps import originals

MEDIA = "0f0f0f0f-0000-4000-8000-000000000001"
KEY = bytes(range(16))


@pytest.fixture
def paths(tmp_path):
    paths = Paths(tmp_path)
    for directory in (paths.archive, paths.quarantine, paths.imports):
        directory.mkdir()
    return paths


@pytest.fixture
def source(paths):
    path = paths.imports / "film.mp4"
    path.write_bytes(b"canary" * 1000)
    return path


def test_an_archived_original_is_ciphertext_that_comes_back(paths, source, tmp_path):
    originals.secure(paths, MEDIA, source, KEY, "encrypt")
    sealed = paths.archive / contract.archive_name(MEDIA)
    assert b"canary" not in sealed.read_bytes() and source.exists()
    with sealed.open("rb") as file, (tmp_path / "back").open("wb") as back:
        vault.unarchive(vault.content_key(KEY, ARCHIVE_LABEL), file, back)
    assert (tmp_path / "back").read_bytes() == source.read_bytes()


def test_an_archive_that_does_not_read_back_is_no_archive(paths, source, monkeypatch):
    real = vault.archive

    def torn(key, plain, sealed):
        real(key, plain, sealed)
        sealed.seek(100)
        sealed.write(b"\0\0\0\0")

    monkeypatch.setattr(vault, "archive", torn)
    with pytest.raises(Exception, match="key|read back"):
        originals.secure(paths, MEDIA, source, KEY, "encrypt")
    assert source.exists() and not (paths.archive / contract.archive_name(MEDIA)).exists()


def test_a_kept_original_lies_where_nginx_looks_for_it(paths, source):
    originals.secure(paths, MEDIA, source, KEY, "keep")
    assert (paths.files / "originals" / MEDIA[:2] / MEDIA / "original").read_bytes() == source.read_bytes()


def test_a_refused_file_goes_to_quarantine_unharmed(paths, source):
    content = source.read_bytes()
    originals.quarantine(paths, MEDIA, source, "It is damaged.")
    assert not source.exists() and (paths.quarantine / MEDIA / "file").read_bytes() == content
    assert (paths.quarantine / MEDIA / "reason.txt").read_text() == "It is damaged.\n"
    originals.quarantine(paths, MEDIA, source, "Again.")  # a job that runs twice does no harm

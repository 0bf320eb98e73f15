"""Envelope keys, segment encryption and archived originals."""

from __future__ import annotations

import io

import pytest

from control import vault
from control.errors import EncryptionFailed

MEDIA = "0f0f0f0f-0000-4000-8000-000000000001"
OTHER = "0f0f0f0f-0000-4000-8000-000000000002"


@pytest.fixture
def master():
    return vault.MasterKey(bytes(range(32)))


def test_a_wrapped_key_comes_back(master):
    key = vault.new_media_key()
    assert master.unwrap(MEDIA, master.wrap(MEDIA, key)) == key


def test_a_key_wrapped_for_another_media_is_refused(master):
    wrapped = master.wrap(MEDIA, vault.new_media_key())
    with pytest.raises(EncryptionFailed):
        master.unwrap(OTHER, wrapped)


def test_another_master_key_opens_nothing(master):
    wrapped = master.wrap(MEDIA, vault.new_media_key())
    with pytest.raises(EncryptionFailed):
        vault.MasterKey(b"x" * 32).unwrap(MEDIA, wrapped)


def test_a_half_written_master_key_is_refused_by_name(tmp_path):
    path = tmp_path / "master.key"
    path.write_text("abcd")
    with pytest.raises(ValueError, match=r"master\.key.*32 bytes"):
        vault.MasterKey.from_file(path)


def test_content_keys_differ_by_media_key_label_and_period():
    one, two = b"1" * 16, b"2" * 16
    keys = [vault.content_key(k, label, n) for k in (one, two) for label in ("720p", "480p") for n in (0, 1)]
    assert len(set(keys)) == len(keys)
    assert vault.content_key(one, "720p", 1) == keys[1] and len(keys[1]) == 16


@pytest.mark.parametrize("size", [0, 1, 15, 16, 17, 100_000])
def test_sealing_comes_back_and_never_repeats(size):
    key, plaintext = vault.new_media_key(), b"p" * size
    sealed = vault.seal(key, plaintext)
    assert vault.unseal(key, sealed) == plaintext
    assert sealed != vault.seal(key, plaintext)  # a fresh IV each


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_an_archived_original_comes_back_byte_for_byte(size):
    key, plaintext = vault.new_media_key(), bytes(size // 2) + b"x" * (size - size // 2)
    archived, back = io.BytesIO(), io.BytesIO()
    vault.archive(key, io.BytesIO(plaintext), archived)
    vault.unarchive(key, io.BytesIO(archived.getvalue()), back)
    assert back.getvalue() == plaintext


def test_an_archive_that_was_cut_swapped_or_altered_is_refused():
    key, archived = vault.new_media_key(), io.BytesIO()
    vault.archive(key, io.BytesIO(b"a" * (2 << 20) + b"b" * 10), archived)
    whole, chunk = archived.getvalue(), (1 << 20) + 16
    cut = whole[: 16 + chunk]
    swapped = whole[:16] + whole[16 + chunk : 16 + 2 * chunk] + whole[16 : 16 + chunk] + whole[16 + 2 * chunk :]
    altered = whole[:-1] + bytes([whole[-1] ^ 1])
    for broken in (cut, swapped, altered, b"not an archive"):
        with pytest.raises(EncryptionFailed):
            vault.unarchive(key, io.BytesIO(broken), io.BytesIO())

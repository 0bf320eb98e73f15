"""Segments become ciphertext at once; the playlist is static, relative and grows (threat P13)."""

from __future__ import annotations

import re

import pytest

from control import vault
from control.storage.objects.posix import Posix
from control.vault.objects import Compartment
from processor.steps.segments import Rung

KEY = bytes(range(16))


@pytest.fixture
def rung(tmp_path):
    return Rung("360p", tmp_path / "plain", Compartment(Posix(tmp_path), "vault"), KEY, key_seconds=60, longest=12)


def encode(rung, tmp_path, count, seconds=10.0):
    """What ffmpeg leaves: plaintext segments and its own playlist of the finished ones."""
    lines = ["#EXTM3U"]
    for index in range(count):
        path = tmp_path / "plain" / f"seg_{index:05d}.ts"
        if index >= len(rung.segments):
            path.write_bytes(b"\x47" + bytes([index]) * 1000)
        lines += [f"#EXTINF:{seconds},", path.name]
    (tmp_path / "plain" / "index.m3u8").write_text("\n".join(lines))


def test_a_finished_segment_is_encrypted_and_its_plaintext_goes(rung, tmp_path):
    encode(rung, tmp_path, 1)
    assert rung.take_up() and not rung.take_up()
    sealed = (tmp_path / "vault/360p/seg_00000.ts").read_bytes()
    plain = vault.decrypt(vault.content_key(KEY, "360p", 0), sealed, rung.segments[0].iv)
    assert plain == b"\x47" + bytes(1000)
    assert not list((tmp_path / "plain").glob("*.ts"))


def test_the_playlist_is_an_event_until_it_is_done(rung, tmp_path):
    encode(rung, tmp_path, 1)
    rung.take_up()
    growing = (tmp_path / "vault/360p/index.m3u8").read_text()
    encode(rung, tmp_path, 3)
    rung.finish()
    done = (tmp_path / "vault/360p/index.m3u8").read_text()
    assert "PLAYLIST-TYPE:EVENT" in growing and "ENDLIST" not in growing
    assert "PLAYLIST-TYPE:VOD" in done and done.endswith("#EXT-X-ENDLIST\n") and done.count("#EXTINF") == 3
    assert re.search(r"TARGETDURATION:(\d+)", growing)[1] == re.search(r"TARGETDURATION:(\d+)", done)[1]
    assert "/" not in re.sub(
        r"key/\d+|#.*:.*https?", "", "\n".join(x for x in done.splitlines() if not x.startswith("#"))
    )


def test_a_key_lasts_for_a_minute_of_film(rung, tmp_path):
    encode(rung, tmp_path, 13)
    rung.finish()
    assert [segment.period for segment in rung.segments] == [0] * 6 + [1] * 6 + [2]
    text = (tmp_path / "vault/360p/index.m3u8").read_text()
    assert text.count('URI="key/0"') == 6 and text.count('URI="key/2"') == 1


def test_P13_no_two_segments_share_key_and_iv(tmp_path):
    pairs = set()
    for media, name in ((b"a" * 16, "720p"), (b"a" * 16, "360p"), (b"b" * 16, "720p")):
        place = tmp_path / media.decode() / name
        rung = Rung(name, place / "plain", Compartment(Posix(place), "vault"), media, 60, 12)
        encode(rung, place, 20)
        rung.finish()
        pairs |= {(vault.content_key(media, name, s.period), s.iv) for s in rung.segments}
    assert len(pairs) == 60 and len({iv for _, iv in pairs}) == 60


def test_a_rung_that_is_taken_back_leaves_nothing(rung, tmp_path):
    encode(rung, tmp_path, 2)
    rung.take_up()
    rung.remove()
    assert not (tmp_path / "vault/360p").exists() and not (tmp_path / "plain").exists()

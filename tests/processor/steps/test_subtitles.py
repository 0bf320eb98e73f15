"""Subtitles of a film and beside it: WebVTT under keys of their own, in segments, named by their language."""

from __future__ import annotations

import re

import pytest

from control import vault
from nginx import contract
from processor.steps.subtitles import add_sidecar, is_sidecar, make_subtitles
from tests.processor.vault import KEY, job_of

PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=1300", "-c:v", "libx264", "-preset", "ultrafast"]
TEXT = """1
00:00:01,000 --> 00:00:02,500
Good <i>day</i>

2
00:09:58,000 --> 00:10:03,000
Across the border

3
00:21:00,000 --> 00:21:05,000
The end
"""


@pytest.fixture(scope="module")
def film(make, tmp_path_factory):
    """Twenty-one minutes with three text tracks."""
    text = tmp_path_factory.mktemp("text") / "text.srt"
    text.write_text(TEXT)
    return make(
        "film.mkv", *PICTURE[:4], "-i", str(text), "-i", str(text), "-i", str(text), "-map", "0", "-map", "1", "-map",
        "2", "-map", "3", *PICTURE[4:], "-c:s:0", "srt", "-c:s:1", "ass", "-c:s:2", "webvtt", "-metadata:s:s:0",
        "language=eng", "-metadata:s:s:1", "language=ger", "-metadata:s:s:2", "language=ger", "-disposition:s:2",
        "forced",
    )  # fmt: skip


@pytest.fixture
def job(settings, film, scratch, tmp_path):
    (tmp_path / "vault").mkdir()
    return job_of(settings, film, scratch, tmp_path / "vault")


def texts(job, rung):
    """The plaintext of each segment."""
    playlist = job.target.get(f"{rung}/{contract.PLAYLIST}").decode()
    for period, iv, name in re.findall(r'URI="key/(\d+)",IV=0x(\w+)\n#EXTINF:[\d.]+,\n(\S+)', playlist):
        sealed = job.target.get(f"{rung}/{name}")
        yield vault.decrypt(vault.content_key(KEY, rung, int(period)), sealed, bytes.fromhex(iv)).decode()


def test_every_text_track_of_a_film_is_a_track(job):
    tracks = make_subtitles(job)
    assert [(track.rung, track.name, track.language, track.forced) for track in tracks] == [
        ("text0", "English", "en", False), ("text1", "Deutsch", "de", False), ("text2", "Deutsch 2", "de", True),
    ]  # fmt: skip
    for track in tracks:
        first, second, third = texts(job, track.rung)
        assert "day" in first and "Across" in first and "Across" in second and "The end" in third
        assert "The end" not in first and first.startswith("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:00.000\n")


def test_nothing_of_a_text_is_plain_in_the_vault(job):
    make_subtitles(job)
    names = job.target.names()
    assert names and not [name for name in names if b"Across" in job.target.get(name)]


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (TEXT.encode(), "Good <i>day</i>"),
        ("\ufeff" + TEXT, "Good"),
        (TEXT.replace("\n", "\r\n").encode(), "Good"),
        ("WEBVTT\n\nNOTE secret\n\n00:01.000 --> 00:02.000 line:0\nShort stamps\n", "Short stamps"),
        (TEXT.replace("day", "día").encode("latin-1"), "Good"),
    ],
    ids=["srt", "byte order mark", "windows lines", "vtt", "latin-1"],
)
def test_a_text_beside_the_film_is_one_more(job, tmp_path, content, shown):
    name = "film.en.forced.vtt" if "WEBVTT" in str(content) else "film.en.forced.srt"
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    tracks = make_subtitles(job)
    track = add_sidecar(job, path, tracks)
    assert (track.rung, track.name, track.language, track.forced) == ("text3", "English 2", "en", True)
    assert shown in next(texts(job, "text3")) and "secret" not in next(texts(job, "text3"))


@pytest.mark.parametrize("content", [b"", b"no subtitles at all", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_what_is_no_text_is_no_track(job, tmp_path, content):
    (tmp_path / "film.srt").write_bytes(content)
    assert add_sidecar(job, tmp_path / "film.srt", []) is None


@pytest.mark.parametrize(
    ("name", "belongs"),
    [("film.srt", True), ("film.en.vtt", True), ("film.SRT", True), ("film2.srt", False), ("film.txt", False),
     ("filmsrt", False), ("other.srt", False)],
)  # fmt: skip
def test_which_texts_belong_to_a_film(name, belongs):
    assert is_sidecar(name, "film.mkv") is belongs

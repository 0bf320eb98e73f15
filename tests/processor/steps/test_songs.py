"""Songs: what they say of themselves, their cover, the outline of their loudness, encrypted HLS."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from control import vault
from nginx import contract
from processor.steps.songs import make_song_pictures
from tests.processor.vault import KEY, Film

SOUND = ["-f", "lavfi", "-i", "sine=duration=12,volume='t/12':eval=frame"]
TAGS = ["-metadata", "title=A song", "-metadata", "artist=Somebody", "-metadata", "album=The album"]

# name -> (ffmpeg's arguments, media type, whether browsers play it as it is)
KINDS = {
    "a.mp3": (["-c:a", "libmp3lame"], "audio/mpeg"),
    "a.flac": (["-c:a", "flac"], "audio/flac"),
    "a.m4a": (["-c:a", "aac"], "audio/mp4"),
    "lossless.m4a": (["-c:a", "alac"], "audio/x-m4a"),
    "a.aac": (["-c:a", "aac"], "audio/aac"),
    "a.ogg": (["-c:a", "libvorbis"], "audio/ogg"),
    "a.opus": (["-c:a", "libopus"], "audio/ogg"),
    "a.wav": (["-c:a", "pcm_s16le"], "audio/wav"),
    "a.wma": (["-c:a", "wmav2"], "audio/x-ms-wma"),
}


@pytest.fixture
def song(settings, scratch):
    """song(file) -> the song, its rung and pictures made."""

    def song(source) -> Film:
        made = Film(settings, source, scratch)
        made.ladder.listen()
        made.pictures = []
        make_song_pictures(made.job, made.pictures.append)
        return made

    return song


def picture(made: Film, kind: str) -> Image.Image:
    sealed = (made.target / contract.still_name(kind)).read_bytes()
    return Image.open(io.BytesIO(vault.unseal(vault.content_key(KEY, kind), sealed)))


@pytest.mark.parametrize("name", KINDS)
def test_every_common_format_becomes_hls(song, make, name):
    arguments, mime = KINDS[name]
    made = song(make(name, *SOUND, *TAGS, *arguments))
    assert (made.job.found.kind, made.job.found.mime) == ("audio", mime)
    assert made.job.found.duration == pytest.approx(12, abs=0.2)
    _, seconds, shown = made.decoded("audio", "a:0")
    assert seconds == pytest.approx(12, abs=0.2) and (shown["codec_name"], shown["channels"]) == ("aac", "2")
    assert (made.rungs["audio"].codecs, made.rungs["audio"].width) == ("mp4a.40.2", 0)
    if name not in ("a.aac", "a.wav"):  # they have no room for an artist
        tags = made.job.found.facts["tags"]
        assert (tags["title"], tags["artist"], tags["album"]) == ("A song", "Somebody", "The album")


@pytest.mark.parametrize("name", ["cover.mp3", "cover.flac", "cover.m4a"])
def test_the_cover_is_the_picture(song, make, tmp_path, name):
    Image.new("RGB", (900, 600), "purple").save(tmp_path / "cover.jpg")
    made = song(make(name, *SOUND, "-i", str(tmp_path / "cover.jpg"), "-map", "0", "-map", "1", "-c:v", "copy",
                     "-disposition:v", "attached_pic"))  # fmt: skip
    assert made.pictures == ["waveform", "still", "thumbnail"]
    assert picture(made, "still").size == (480, 320) and picture(made, "thumbnail").size == (300, 200)


def test_the_waveform_grows_with_the_loudness(song, make):
    made = song(make("a.wav", *SOUND))
    wave = picture(made, "waveform").convert("RGBA").getchannel("A")
    assert wave.size == (1200, 160)
    quiet, loud = (sum(wave.crop((x, 0, x + 100, 160)).histogram()[128:]) for x in (50, 1050))
    assert 0 < quiet < loud / 3


def test_chapters_of_an_audio_book_are_kept(song, make, tmp_path):
    chapters = tmp_path / "chapters.txt"
    chapters.write_text(
        ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1\nSTART=0\nEND=5\ntitle=One\n[CHAPTER]\nTIMEBASE=1/1\nSTART=5\nEND=12\n"
    )
    made = song(make("book.m4a", *SOUND, "-i", str(chapters), "-map_metadata", "1", "-map", "0"))
    assert made.job.found.facts["chapters"] == [
        {"start": 0.0, "end": 5.0, "title": "One"}, {"start": 5.0, "end": 12.0, "title": "Chapter 2"},
    ]  # fmt: skip

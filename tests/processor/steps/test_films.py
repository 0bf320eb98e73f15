"""Every kind of film that people have: it is probed, encoded with one decode, encrypted, and decodes to its length."""

from __future__ import annotations

import itertools
import subprocess

import pytest

from processor.sandbox import Child
from processor.steps.refusal import Refused
from tests.processor.vault import Film

SECONDS, RATE = 4, 25
PICTURE = ["-f", "lavfi", "-i", f"testsrc2=size=480x360:rate={RATE}:duration={SECONDS}"]
SOUND = ["-f", "lavfi", "-i", f"sine=duration={SECONDS}"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p"]

# name -> ffmpeg's arguments after a picture and a sound
KINDS = {
    "h264.mp4": [*H264, "-c:a", "aac"],
    "h264-mp3.mkv": [*H264, "-c:a", "libmp3lame"],
    "hevc.mov": ["-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1", "-c:a", "aac"],
    "ten-bit.mkv": [*H264[:4], "-pix_fmt", "yuv420p10le", "-c:a", "libopus"],
    "vp8.webm": ["-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libvorbis"],
    "vp9.webm": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
    "av1.mkv": ["-c:v", "libsvtav1", "-preset", "12", "-c:a", "libopus"],
    "mpeg4.avi": ["-c:v", "mpeg4", "-c:a", "libmp3lame"],
    "mjpeg.avi": ["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"],
    "prores.mov": ["-c:v", "prores_ks", "-c:a", "pcm_s16le"],
    "mpeg2.ts": ["-c:v", "mpeg2video", "-c:a", "mp2"],
    "half-pictures.ts": ["-c:v", "mpeg2video", "-flags", "+ilme+ildct", "-top", "1", "-c:a", "ac3"],
    "old.flv": ["-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100"],
    "windows.wmv": ["-c:v", "wmv2", "-c:a", "wmav2"],
    "phone.3gp": ["-c:v", "h263", "-s", "352x288", "-c:a", "aac"],
    "theora.ogv": ["-c:v", "libtheora", "-c:a", "libvorbis"],
    "odd.mp4": ["-vf", "scale=321:241", "-c:v", "libx264", "-pix_fmt", "yuv444p", "-c:a", "aac"],
}


# What tells most: each way through decoding that is a way of its own. The others are the long form; test_mutations.py makes
# a film of nearly every one of them anyway.
TELLING = {
    "h264.mp4", "hevc.mov", "ten-bit.mkv", "vp9.webm", "av1.mkv", "mpeg4.avi", "half-pictures.ts", "windows.wmv", "odd.mp4",
}  # fmt: skip


@pytest.fixture
def film(settings, make, scratch):
    """film(name, *ffmpeg arguments) -> the made film."""

    def film(name: str, *arguments: str) -> Film:
        return Film(settings, make(name, *arguments), scratch).make()

    return film


@pytest.mark.parametrize("name", [kind if kind in TELLING else pytest.param(kind, marks=pytest.mark.soak) for kind in KINDS])
def test_every_common_format_becomes_the_same_film(film, name):
    made = film(name, *PICTURE, *SOUND, *KINDS[name])
    assert made.job.found.kind == "video"
    for rung in made.rungs:
        frames, seconds, shown = made.decoded(rung)
        assert abs(frames - SECONDS * RATE) <= 1, rung
        assert seconds == pytest.approx(SECONDS, abs=0.25) and shown["pix_fmt"] == "yuv420p"
        assert made.decoded(rung, "a:0")[2]["codec_name"] == "aac"


def test_a_safe_picture_is_copied(film):
    assert "source" in film("plain.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac").rungs


def test_a_film_whose_later_key_frames_are_too_far_apart_is_not_copied(settings, make, scratch, monkeypatch):
    monkeypatch.setattr(Child, "running", lambda child: child._process.wait() and False)  # it ends before any look
    source = make("sparse.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=12", *H264[:4], "-g", "999",
                  "-sc_threshold", "0", "-force_key_frames", "0,2,4", "-pix_fmt", "yuv420p")  # fmt: skip
    quick = settings.model_copy(update={"hls": settings.hls.model_copy(update={"segment_seconds": 2})})
    assert "source" not in Film(quick, source, scratch).make().rungs


def test_a_turned_film_stands_upright_and_is_not_copied(film, make):
    plain = make("upright.mp4", *PICTURE, *H264)
    made = film("turned.mp4", "-i", str(plain), "-c", "copy", "-metadata:s:v", "rotate=90")
    _, _, shown = made.decoded("360p")
    assert (shown["width"], shown["height"]) == ("360", "480") and "source" not in made.rungs


def test_high_dynamic_range_becomes_standard(film):
    made = film("hdr.mkv", *PICTURE, "-c:v", "libx265", "-pix_fmt", "yuv420p10le", "-x265-params",
                "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc")  # fmt: skip
    assert made.job.found.picture.transfer == "smpte2084"
    frames, _, shown = made.decoded("360p")
    assert frames == SECONDS * RATE and shown["pix_fmt"] == "yuv420p" and "2084" not in shown["color_transfer"]


def test_an_irregular_film_keeps_its_own_timing(film):
    made = film("vfr.mkv", *PICTURE, "-vf", "select='not(mod(n,7))+lt(n,30)'", "-fps_mode", "vfr", *H264)
    frames, seconds, _ = made.decoded("360p")
    assert frames < SECONDS * RATE / 2 and seconds == pytest.approx(SECONDS, abs=0.5)


def test_a_slide_show_rests_for_longer_than_a_segment(film):
    made = film("slides.mp4", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=1/20:duration=60", *H264)
    _, seconds, _ = made.decoded("360p")
    assert seconds == pytest.approx(60, abs=1) and "source" not in made.rungs


def test_a_segment_without_pictures_has_no_codecs(settings, make, scratch):
    made = Film(settings, make("film.mp4", *PICTURE, *H264), scratch)
    assert made.ladder._codecs(make("sound.ts", *SOUND, "-c:a", "aac")) == ""


def test_every_rung_can_be_switched_at_the_same_instants(settings, make, scratch):
    source = make("tall.mp4", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=24000/1001:duration=7", "-c:v",
                  "libx264", "-preset", "ultrafast", "-g", "999", "-pix_fmt", "yuv420p")  # fmt: skip
    quick = settings.model_copy(update={"hls": settings.hls.model_copy(update={"segment_seconds": 2})})
    made = Film(quick, source, scratch)
    made.ladder.encode()
    times = {rung: key_frames(made, rung) for rung in made.rungs}
    assert set(times) == {"720p", "480p", "360p"} and len(times["720p"]) == 4
    for one, other in itertools.pairwise(times.values()):
        assert one == pytest.approx(other, abs=0.001)


def key_frames(made, rung):
    made.decoded(rung)
    plain = made.target.parent / f"plain-{rung}" / "index.m3u8"
    command = ["ffprobe", "-v", "error", "-allowed_extensions", "ALL", "-select_streams", "v:0", "-skip_frame", "nokey",
               "-show_entries", "frame=pts_time", "-of", "csv=p=0", plain]  # fmt: skip
    return [float(line.strip(",")) for line in subprocess.check_output(command, text=True).split()]


def test_two_languages_and_surround_stand_beside_the_picture(film):
    made = film(
        "many.mkv", *PICTURE, *SOUND, "-f", "lavfi", "-i", f"anoisesrc=d={SECONDS}:a=0.1", "-map", "0:v", "-map", "1:a",
        "-map", "2:a", *H264, "-c:a", "ac3", "-ac:a:0", "6", "-ac:a:1", "2", "-metadata:s:a:0", "language=eng",
        "-metadata:s:a:1", "language=fre",
    )  # fmt: skip
    tracks = {track.rung: track for track in made.ladder.tracks}
    assert {rung: (track.name, track.language, track.channels) for rung, track in tracks.items()} == {
        "audio0": ("English", "en", 2), "surround0": ("English (5.1)", "en", 6), "audio1": ("français", "fr", 2),
    }  # fmt: skip
    assert tracks["audio0"].default and not tracks["audio1"].default
    for rung, channels in (("audio0", "2"), ("surround0", "6"), ("audio1", "2")):
        _, seconds, shown = made.decoded(rung, "a:0")
        assert shown["channels"] == channels and seconds == pytest.approx(SECONDS, abs=0.3)
    assert "source" in made.rungs and made.rungs["source"].codecs.count(",") == 0


def test_nothing_is_playable_before_its_sound_has_begun(film):
    made = film("two.mkv", *PICTURE, *SOUND, *SOUND, "-map", "0:v", "-map", "1:a", "-map", "2:a", *H264, "-c:a", "aac")
    for renditions, tracks in made.published:
        assert not renditions or len(tracks) == 2


def test_a_film_without_sound_is_a_film(film):
    made = film("silent.mp4", *PICTURE, *H264)
    assert made.ladder.tracks == [] and made.decoded("360p")[0] == SECONDS * RATE


def test_the_storyboard_is_one_sheet_of_the_whole_film(film):
    from PIL import Image

    made = film("board.mp4", *PICTURE, *H264)
    sheet = Image.open(made.job.scratch / "storyboard.webp")
    board = made.ladder.board
    assert (board.columns, board.rows, board.seconds) == (2, 1, 2.0) and sheet.size == (2 * 160, 120)


def test_hardware_that_is_not_there_is_replaced_by_software(settings, make, scratch):
    wanted = settings.model_copy(update={"ffmpeg": settings.ffmpeg.model_copy(update={"hwaccel": "vaapi"})})
    made = Film(wanted, make("soft.mp4", *PICTURE, *H264), scratch).make()
    assert made.decoded("360p")[0] == SECONDS * RATE
    assert made.ladder._encoders.choose(scratch) == "none"


def test_pictures_that_cannot_be_decoded_are_no_film(settings, make, scratch, tmp_path):
    whole = make("whole.mkv", *PICTURE, *H264).read_bytes()
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole[:600] + bytes(len(whole) - 600))
    with pytest.raises(Refused):
        Film(settings, broken, scratch).make()

"""What a file is, by its content; what is refused, and with which sentence (threats P01, P02, P03)."""

from __future__ import annotations

import shutil
import socket

import pytest

from processor import ffmpeg
from processor.sandbox import ChildFailed, Limits, input_name, run
from processor.steps.probe import probe
from processor.steps.refusal import Refused


def test_a_film_tells_its_facts(settings, film, scratch):
    found = probe(settings, film, "film.mp4", scratch)
    assert (found.kind, found.width, found.height, found.copyable, bool(found.sounds)) == (
        "video",
        320,
        240,
        True,
        True,
    )
    assert found.duration == pytest.approx(5, abs=0.1) and found.frame_rate == 25
    assert found.facts["codecs"] == ["h264", "aac"]


def test_a_name_decides_nothing(settings, film, scratch, tmp_path):
    disguised = tmp_path / "song.mp3"
    shutil.copy(film, disguised)
    assert probe(settings, disguised, "song.mp3", scratch).kind == "video"


@pytest.mark.parametrize(
    "name", ["-i.mp4", "concat:a.mp4", "http:x.mp4", "%d.mp4", 'a"b.mp4', "new\nline.mp4", "a'b;c.mp4"]
)
def test_P02_hostile_names_are_only_names(settings, film, scratch, tmp_path, name):
    path = tmp_path / name
    shutil.copy(film, path)
    assert probe(settings, path, name, scratch).kind == "video"


def test_rotation_and_pixel_shape_are_applied_to_the_size(settings, make, scratch):
    turned = make("wide.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=1", "-vf", "setsar=2",
                  "-c:v", "libx264", "-pix_fmt", "yuv420p")  # fmt: skip
    found = probe(settings, turned, "wide.mp4", scratch)
    assert (found.width, found.height) == (640, 240)


def test_what_a_browser_cannot_play_is_not_copied(settings, make, scratch):
    ten_bit = make("ten.mp4", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1", "-c:v", "libx264",
                   "-pix_fmt", "yuv420p10le")  # fmt: skip
    assert probe(settings, ten_bit, "ten.mp4", scratch).copyable is False


def test_an_empty_file_is_refused(settings, scratch, tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(Refused, match="empty"):
        probe(settings, empty, "empty.mp4", scratch)


@pytest.mark.parametrize("flags", [["-movflags", "+faststart"], []], ids=["index first", "index last"])
def test_a_truncated_film_is_refused(settings, make, film, scratch, tmp_path, flags):
    whole = make("whole.mp4", "-i", str(film), "-c", "copy", *flags)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(Refused, match=r"cut off|damaged"):
        probe(settings, cut, "cut.mp4", scratch)


DISGUISED = {
    "HLS": "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1.0,\n{target}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{target}'\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><BaseURL>{target}</BaseURL></Period></MPD>',
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=x:{target}\n",
    "SVG": '<svg xmlns="http://www.w3.org/2000/svg"><image href="{target}"/></svg>',
}


@pytest.mark.parametrize("kind", DISGUISED)
def test_P01_a_list_that_names_another_file_is_refused(settings, film, scratch, tmp_path, kind):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        for target in (f"file://{film}", f"http://127.0.0.1:{listener.getsockname()[1]}/x.ts"):
            path = tmp_path / "victim.mp4"
            path.write_text(DISGUISED[kind].format(target=target))
            with pytest.raises(Refused, match="text file"):
                probe(settings, path, "victim.mp4", scratch)
            with pytest.raises(ChildFailed):  # the sniff is not the only guard
                run(ffmpeg.probe(settings.ffmpeg, input_name(path)), scratch, Limits(20, 2 << 30), path)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_P03_a_decoder_outside_the_list_is_refused(settings, make, scratch):
    exotic = make("magic.avi", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1", "-c:v", "magicyuv",
                  "-pix_fmt", "gbrp")  # fmt: skip
    command = ffmpeg.still(settings.ffmpeg, ffmpeg.Picture(), input_name(exotic), "/dev/null", 0, 64, 80)
    with pytest.raises(ChildFailed, match="not on whitelist|[Cc]odec"):
        run(command, scratch, Limits(20, 2 << 30), exotic)


def test_documents_are_known_by_name_and_content(settings, scratch, tmp_path):
    real, fake = tmp_path / "a.pdf", tmp_path / "b.pdf"
    real.write_bytes(b"%PDF-1.4\n...")
    fake.write_bytes(b"<html><script>alert(1)</script>")
    assert probe(settings, real, "a.pdf", scratch).kind == "document"
    with pytest.raises(Refused):
        probe(settings, fake, "b.pdf", scratch)

"""Argument vectors: white lists in every one that reads foreign files, and no text of a user anywhere (threat P02)."""

from __future__ import annotations

import pytest

from control.settings.sections import Ffmpeg, Preview, Rung, Thumbnail, Video
from processor import ffmpeg

RUNGS = [ffmpeg.Output(Rung(name="720p", height=720, bitrate="3000k"), 1280, 720),
         ffmpeg.Output(Rung(name="480p", height=480, bitrate="1500k"), 854, 480)]  # fmt: skip

PICTURE, SOUND = ffmpeg.Picture(), ffmpeg.Sound(1)
TARGETS = [(rung, f"/scratch/{rung.rung.name}") for rung in RUNGS]


def ladder(picture=PICTURE, encoder="none", muxed=SOUND, sounds=(), board=None):
    return ffmpeg.ladder(Ffmpeg(), Video(), encoder, "/in/input", picture, TARGETS, muxed, sounds, board, 10)


def graph(command):
    return command[command.index("-filter_complex") + 1]


COMMANDS = {
    "probe": ffmpeg.probe(Ffmpeg(), "/in/input"),
    "packets": ffmpeg.probe_packets(Ffmpeg(), "/in/input", 1.5),
    "remux": ffmpeg.remux(Ffmpeg(), "/in/input", "/scratch/source", SOUND, [], 10),
    "listen": ffmpeg.listen(Ffmpeg(), "/in/input", [(SOUND, "/scratch/audio")], 10),
    "ladder": ladder(),
    "subtitles": ffmpeg.subtitles(Ffmpeg(), "/in/input", [(2, "/scratch/text2.vtt")]),
    "still": ffmpeg.still(Ffmpeg(), PICTURE, "/in/input", "/scratch/p.webp", 1, 480, 80),
    "thumbnail": ffmpeg.thumbnail(Ffmpeg(), PICTURE, Thumbnail(), "/in/input", "/scratch/p.webp", 1, 3),
    "preview": ffmpeg.preview(Ffmpeg(), PICTURE, Preview(), "/in/input", "/scratch/p.webp", ffmpeg.by_scene(0.4), True),
    "cover": ffmpeg.cover(Ffmpeg(), "/in/input", "/scratch/p.webp", 1, 480),
    "waveform": ffmpeg.waveform(Ffmpeg(), "/in/input", "/scratch/p.webp", 0, 100, 20),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_P01_every_reader_has_its_white_lists_before_the_input(command):
    reads = command.index("-i") if "-i" in command else len(command) - 1
    for option in ("-protocol_whitelist", "-format_whitelist", "-codec_whitelist"):
        assert option in command[:reads]
    assert command[command.index("-protocol_whitelist") + 1] == "file"
    assert "file:/in/input" in command


@pytest.mark.parametrize("reader", ["hls", "concat", "dash", "sdp", "image2", "lavfi", "tee", "data"])
def test_P01_demuxers_that_name_other_files_are_not_allowed(reader):
    assert reader not in ffmpeg.DEMUXERS.split(",")


@pytest.mark.parametrize("decoder", ["magicyuv", "rawvideo", "wrapped_avframe", "svg", "librsvg"])
def test_P03_decoders_without_a_need_are_not_allowed(decoder):
    assert decoder not in ffmpeg.DECODERS.split(",")


def test_there_is_one_decode_and_each_rung_is_scaled_from_the_one_above():
    command = COMMANDS["ladder"]
    assert command.count("-i") == 1 and command.count("-filter_complex") == 1
    assert graph(command).count("0:v:0") == 1 and "[next0]scale=854:480" in graph(command)


def test_key_frames_are_aligned_and_the_timing_is_the_sources():
    command = COMMANDS["ladder"]
    assert command.count("expr:gte(t,n_forced*2)") == len(RUNGS) and command.count("passthrough") == len(RUNGS)


def test_a_silent_film_has_no_audio_mapping():
    command = ladder(muxed=None)
    assert "0:1" not in command and command.count("-an") == len(RUNGS)


def test_high_dynamic_range_is_mapped_once_and_when_the_picture_is_small():
    chain = graph(ladder(picture=ffmpeg.Picture("smpte2084")))
    assert chain.count("tonemap=tonemap") == 1 and chain.index("scale=1280:720") < chain.index("tonemap=tonemap")
    assert "tin=smpte2084" in chain and "tonemap" not in graph(ladder())


def test_half_pictures_are_joined_before_anything_else():
    assert graph(ladder(picture=ffmpeg.Picture(interlaced=True))).startswith("[0:v:0]bwdif=")


def test_further_sound_stands_beside_the_rungs():
    command = ladder(
        muxed=None, sounds=[(ffmpeg.Sound(1), "/scratch/audio0"), (ffmpeg.Sound(2, 6), "/scratch/surround1")]
    )
    assert command.count("0:1") == 1 and command.count("0:2") == 1
    assert any("channel_layouts=5.1" in part for part in command) and command[-1].startswith("/scratch/surround1/")


@pytest.mark.parametrize("encoder", ["vaapi", "nvenc", "qsv", "videotoolbox"])
def test_hardware_encodes_by_its_own_name_and_no_software_beside_it(encoder):
    command = ladder(encoder=encoder)
    assert command.count(f"h264_{encoder}") == len(RUNGS) and "libx264" not in command
    assert ("-vaapi_device" in command) == (encoder == "vaapi") == ("hwupload" in graph(command))


def test_the_storyboard_comes_from_the_same_decode():
    board = ffmpeg.Board(10, 3, 2.0, 160, 90)
    command = ladder(board=(board, "/scratch/storyboard.webp"))
    assert "[next1]fps=1/2.000:round=up,scale=160:90,tile=10x3[board]" in graph(command)
    assert command.count("-i") == 1 and "/scratch/storyboard.webp" in command

"""Argument vectors: white lists in every one that reads foreign files, and no text of a user anywhere (threat P02)."""

from __future__ import annotations

import pytest

from control.settings import Ffmpeg, Preview, Rung, Thumbnail, Video
from processor import ffmpeg

RUNGS = [ffmpeg.Output(Rung(name="720p", height=720, bitrate="3000k"), 1280, 720),
         ffmpeg.Output(Rung(name="480p", height=480, bitrate="1500k"), 854, 480)]  # fmt: skip

COMMANDS = {
    "probe": ffmpeg.probe(Ffmpeg(), "/in/input"),
    "packets": ffmpeg.probe_packets(Ffmpeg(), "/in/input", 1.5),
    "remux": ffmpeg.remux(Ffmpeg(), "/in/input", "/scratch/source", 10),
    "ladder": ffmpeg.ladder(Ffmpeg(), Video(), "/in/input", [(r, f"/scratch/{r.rung.name}") for r in RUNGS], 10, True),
    "still": ffmpeg.still(Ffmpeg(), "/in/input", "/scratch/p.webp", 1, 480, 80),
    "thumbnail": ffmpeg.thumbnail(Ffmpeg(), Thumbnail(), "/in/input", "/scratch/p.webp", 1, 3),
    "preview": ffmpeg.preview(Ffmpeg(), Preview(), "/in/input", "/scratch/p.webp", ffmpeg.by_scene(0.4), True),
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
    graph = command[command.index("-filter_complex") + 1]
    assert graph.count("0:v:0") == 1 and "[next0]scale=854:480" in graph


def test_key_frames_are_aligned_and_the_timing_is_the_sources():
    command = COMMANDS["ladder"]
    assert command.count("expr:gte(t,n_forced*2)") == len(RUNGS) and command.count("passthrough") == len(RUNGS)


def test_a_silent_film_has_no_audio_mapping():
    command = ffmpeg.ladder(Ffmpeg(), Video(), "/in/input", [(RUNGS[0], "/scratch/720p")], 10, False)
    assert "0:a:0" not in command

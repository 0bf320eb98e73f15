"""What is it really? By content, never by name; and is all of it there?"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from control.domain.signatures import image_format, is_document, looks_like_text
from control.settings import Settings
from processor import ffmpeg
from processor.sandbox import ChildFailed, Limits, input_name, run
from processor.steps import streams
from processor.steps.refusal import Refused
from processor.steps.streams import SoundStream, TextStream

PROBE_SECONDS = 60
_HEAD_BYTES = 4096
_WITHOUT_LENGTH = {"aac", "mp3"}  # ffprobe works it out of the size and the first packets: these are counted instead
_TAIL_SECONDS = 15  # where the last packets of a whole file are looked for
_LARGEST_ANSWER = 128 << 20  # bytes; it lists every packet of a file in which nothing can be found by its time

LARGEST_SIDE = 16384  # pixels; H.264 has no larger ones
LONGEST_SECONDS = 14 * 86400.0


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts of one file. Width and height are those of the upright, square-pixel picture."""

    kind: str  # video | audio | image | document
    mime: str
    width: int | None = None
    height: int | None = None
    duration: float | None = None  # seconds
    frame_rate: float = 0
    bit_rate: int = 0
    picture: ffmpeg.Picture = ffmpeg.Picture()
    copyable: bool = False  # browser-safe H.264 that stands upright: may be remuxed as it is
    sounds: tuple[SoundStream, ...] = ()
    texts: tuple[TextStream, ...] = ()
    cover: int | None = None  # the stream with the picture that a song carries
    image_format: str = ""  # Pillow's name
    facts: dict[str, Any] = field(default_factory=dict)


def probe(settings: Settings, source: Path, name: str, scratch: Path) -> Probe:
    """Return what `source` is. Raises Refused with a person's sentence for what is none of the allowed formats.

    A document is only recognised here; its own step tells what it is.
    """
    with source.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise Refused("The file is empty.")
    picture = image_format(head)
    if picture:
        return Probe("image", picture[1], image_format=picture[0])
    if is_document(name, head):
        return Probe("document", "application/octet-stream")
    if looks_like_text(head):
        raise Refused("This is a text file, not a video, picture, song or document of an allowed kind.")
    return _probe_streams(settings, source, scratch)


def _probe_streams(settings: Settings, source: Path, scratch: Path) -> Probe:
    command = ffmpeg.probe(settings.ffmpeg, input_name(source))
    said = _ask(settings, command, source, scratch, "damaged, or of a format that is not allowed")
    try:
        found = json.loads(said)
        video, sounds = streams.picture_of(found), streams.sounds_of(found)
        if video is None and not sounds:
            raise Refused("There is neither picture nor sound in it.")
        duration = _duration(settings, found["format"], source, scratch)
        return _song(found, sounds, duration) if video is None else _film(found, video, sounds, duration)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise Refused("It is damaged: what it says of itself makes no sense.") from error


def _ask(settings: Settings, command: list[str], source: Path, scratch: Path, blame: str) -> bytes:
    """What ffprobe answers. Raises Refused where the file is to blame, else ChildFailed."""
    limits = Limits.within(settings.processing, PROBE_SECONDS, _LARGEST_ANSWER)
    try:
        return run(command, scratch, limits, source)
    except ChildFailed as error:
        if not error.blames_file:
            raise
        raise Refused(f"It is {blame} ({_first_line(error)}).") from error


def _song(found: dict, sounds: tuple[SoundStream, ...], duration: float) -> Probe:
    return Probe(
        "audio", streams.audio_mime(found, sounds[0]), duration=duration, sounds=sounds[:1],
        bit_rate=streams.bit_rate(found), cover=streams.cover_of(found), facts=streams.facts_of(found),
    )  # fmt: skip


def _film(found: dict, video: dict, sounds: tuple[SoundStream, ...], duration: float) -> Probe:
    width, height = streams.upright_size(video)
    if width < 16 or height < 16:
        raise Refused("The picture has no usable size.")
    if max(width, height) > LARGEST_SIDE:
        raise Refused(f"The picture is too large ({width} x {height}).")
    return Probe(
        "video", streams.video_mime(found), width, height, duration, streams.frame_rate(video),
        streams.bit_rate(found), streams.treatment(video), streams.copyable(video), sounds, streams.texts_of(found),
        facts=streams.facts_of(found),
    )  # fmt: skip


def _duration(settings: Settings, container: dict, source: Path, scratch: Path) -> float:
    """The duration, checked against packets that are really there: a file that was cut is refused."""
    guessed = container.get("format_name") in _WITHOUT_LENGTH
    claimed = 0.0 if guessed else max(0.0, streams.number(container.get("duration")) or 0.0)
    start = streams.number(container.get("start_time")) or 0.0
    last = _last_packet(settings, source, scratch, max(0.0, start + claimed - _TAIL_SECONDS)) - max(0.0, start)
    if claimed and last < claimed * 0.95 - 1:
        raise Refused(f"It is cut off: it says {claimed:.0f} s, but only about {max(last, 0):.0f} s are there.")
    if not claimed and last <= 0:
        raise Refused("It has no length.")
    if (claimed or last) > LONGEST_SECONDS:
        raise Refused(f"It says that it is {(claimed or last) / 86400:.0f} days long.")
    return claimed or last


def _last_packet(settings: Settings, source: Path, scratch: Path, start: float) -> float:
    """Seconds at which the last packet ends; 0 where there is none from `start` on."""
    command = ffmpeg.probe_packets(settings.ffmpeg, input_name(source), start)
    lines = re.finditer(rb"[^\n]+", _ask(settings, command, source, scratch, "damaged"))
    return max((_packet_end(line[0].decode(errors="replace")) for line in lines), default=0.0)


def _packet_end(line: str) -> float:
    _, pts, duration = (line.split(",") + ["", ""])[:3]
    return (streams.number(pts) or 0.0) + (streams.number(duration) or 0.0)


def _first_line(error: Exception) -> str:
    """What ffprobe said, without the paths of this machine."""
    line = str(error).splitlines()[-1] if str(error) else "no details"
    return streams.clean(line.rpartition("input: ")[2] or line)

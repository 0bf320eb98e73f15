"""What is it really? By content, never by name; and is all of it there?"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from control.settings import Settings
from processor import ffmpeg
from processor.sandbox import ChildFailed, Limits, input_name, run
from processor.steps.refusal import Refused
from processor.steps.signatures import document_type, image_format, looks_like_text

PROBE_SECONDS = 60
_HEAD_BYTES = 4096
_TAIL_SECONDS = 15  # where the last packets of a whole file are looked for
_SAFE_PROFILES = {"Baseline", "Constrained Baseline", "Main", "High"}


@dataclass(frozen=True, slots=True)
class Probe:
    """The facts of one file. Width and height are those of the upright, square-pixel picture."""

    kind: str  # video | audio | image | document
    mime: str
    width: int | None = None
    height: int | None = None
    duration: float | None = None  # seconds
    frame_rate: float = 0
    has_audio: bool = False
    copyable: bool = False  # browser-safe H.264 with AAC or no sound: may be remuxed as it is
    bit_rate: int = 0
    image_format: str = ""  # Pillow's name
    facts: dict[str, Any] = field(default_factory=dict)


def probe(settings: Settings, source: Path, name: str, scratch: Path) -> Probe:
    """Return what `source` is. Raises Refused with a person's sentence for what is none of the allowed formats."""
    with source.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head:
        raise Refused("The file is empty.")
    picture = image_format(head)
    if picture:
        return Probe("image", picture[1], image_format=picture[0])
    document = document_type(name, head)
    if document:
        return Probe("document", document)
    if looks_like_text(head):
        raise Refused("This is a text file, not a video, picture, song or document of an allowed kind.")
    return _probe_streams(settings, source, scratch)


def _probe_streams(settings: Settings, source: Path, scratch: Path) -> Probe:
    limits = Limits(PROBE_SECONDS, settings.processing.memory_bytes)
    try:
        found = json.loads(run(ffmpeg.probe(settings.ffmpeg, input_name(source)), scratch, limits, source))
    except (ChildFailed, ValueError) as error:
        raise Refused(f"It is damaged, or of a format that is not allowed ({_first_line(error)}).") from error
    streams = found.get("streams", [])
    videos = [s for s in streams if s["codec_type"] == "video" and not s["disposition"].get("attached_pic")]
    audios = [s for s in streams if s["codec_type"] == "audio"]
    if not videos and not audios:
        raise Refused("There is neither picture nor sound in it.")
    duration = _duration(settings, found["format"], source, scratch, limits)
    if not videos:
        return Probe("audio", _audio_mime(found["format"]), duration=duration, has_audio=True,
                     facts=_facts(found["format"], audios[0]))  # fmt: skip
    return _video(found["format"], videos[0], audios, duration)


def _video(container: dict, video: dict, audios: list[dict], duration: float) -> Probe:
    width, height = _upright_size(video)
    if width < 16 or height < 16:
        raise Refused("The picture has no usable size.")
    safe = (
        video.get("codec_name") == "h264"
        and video.get("pix_fmt") == "yuv420p"
        and video.get("profile") in _SAFE_PROFILES
        and (not audios or (audios[0].get("codec_name") == "aac" and int(audios[0].get("channels", 2)) <= 2))
    )
    return Probe(
        "video", _video_mime(container), width, height, duration, _rate(video.get("avg_frame_rate", "0/1")),
        bool(audios), safe, int(container.get("bit_rate") or 0), facts=_facts(container, video, *audios[:1]),
    )  # fmt: skip


def _duration(settings: Settings, container: dict, source: Path, scratch: Path, limits: Limits) -> float:
    """The duration, checked against packets that are really there: a file that was cut is refused."""
    claimed = float(container.get("duration") or 0)
    last = _last_packet(settings, source, scratch, limits, max(0.0, claimed - _TAIL_SECONDS))
    if claimed and last < claimed * 0.95 - 1:
        raise Refused(f"It is cut off: it says {claimed:.0f} s, but only about {max(last, 0):.0f} s are there.")
    if not claimed and last <= 0:
        raise Refused("It has no length.")
    return claimed or last


def _last_packet(settings: Settings, source: Path, scratch: Path, limits: Limits, start: float) -> float:
    """Seconds at which the last packet ends; 0 where there is none from `start` on."""
    command = ffmpeg.probe_packets(settings.ffmpeg, input_name(source), start)
    try:
        lines = run(command, scratch, limits, source).decode().splitlines()
    except ChildFailed as error:
        raise Refused(f"It is damaged ({_first_line(error)}).") from error
    return max((_packet_end(line) for line in lines), default=0.0)


def _packet_end(line: str) -> float:
    _, pts, duration = (line.split(",") + ["", ""])[:3]
    return (_number(pts) or 0.0) + (_number(duration) or 0.0)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _upright_size(video: dict) -> tuple[int, int]:
    width, height = int(video.get("width") or 0), int(video.get("height") or 0)
    across, _, down = (video.get("sample_aspect_ratio") or "1:1").partition(":")
    if across.isdigit() and down.isdigit() and int(across) and int(down):
        width = round(width * int(across) / int(down))
    turned = [abs(int(data.get("rotation", 0))) for data in video.get("side_data_list", [])]
    return (height, width) if any(angle in (90, 270) for angle in turned) else (width, height)


def _rate(text: str) -> float:
    over, _, under = text.partition("/")
    return float(over) / float(under) if float(under or 0) else 0.0


def _facts(container: dict, *streams: dict) -> dict[str, Any]:
    codecs = [stream.get("codec_name", "unknown") for stream in streams]
    return {"container": container.get("format_name", ""), "codecs": codecs}


def _video_mime(container: dict) -> str:
    names = container.get("format_name", "").split(",")
    for name, mime in (("mp4", "video/mp4"), ("webm", "video/webm"), ("matroska", "video/x-matroska")):
        if name in names:
            return mime
    return "application/octet-stream"


def _audio_mime(container: dict) -> str:
    names = container.get("format_name", "").split(",")
    for name, mime in (("mp3", "audio/mpeg"), ("m4a", "audio/mp4"), ("flac", "audio/flac"), ("ogg", "audio/ogg"),
                       ("wav", "audio/wav"), ("webm", "audio/webm"), ("aac", "audio/aac")):  # fmt: skip
        if name in names:
            return mime
    return "application/octet-stream"


def _first_line(error: Exception) -> str:
    """What ffprobe said, without the paths of this machine."""
    line = str(error).splitlines()[-1] if str(error) else "no details"
    return line.rpartition("input: ")[2][:200] or line[:200]

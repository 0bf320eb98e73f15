"""Reads ffprobe's description of a film or a song: pure functions over its JSON."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import langcodes

from processor.ffmpeg import Picture

# What is kept of a title, a tag or a chapter's name.
_LONGEST_TEXT = 200
_MOST_TRACKS, _MOST_CHAPTERS, _MOST_CODECS = 16, 500, 32
_MOST_STREAMS, _MOST_CHANNELS = 10_000, 64
_FASTEST = 1000  # frames a second; beyond it no number is meant

_SAFE_PROFILES = {"Baseline", "Constrained Baseline", "Main", "High"}
_TEXT_CODECS = {"mov_text", "subrip", "ass", "ssa", "webvtt", "text"}  # the others are pictures
_HIGH_RANGE = {"smpte2084", "arib-std-b67"}  # HDR10 and Dolby Vision's base; HLG
_TAGS = ("title", "artist", "album", "album_artist", "composer", "genre", "date", "track", "disc", "comment")


@dataclass(frozen=True, slots=True)
class SoundStream:
    index: int  # among all streams of the file
    codec: str
    channels: int
    language: str = ""  # RFC 5646
    title: str = ""
    default: bool = False

    @property
    def copyable(self) -> bool:
        """AAC that every browser plays as it is."""
        return self.codec == "aac" and self.channels <= 2


@dataclass(frozen=True, slots=True)
class TextStream:
    index: int
    language: str = ""
    title: str = ""
    default: bool = False
    forced: bool = False


# --- what there is --------------------------------------------------------------------------------


def picture_of(found: dict) -> dict | None:
    """The stream of moving pictures that is played: the first that is no cover."""
    return next((stream for stream in _of_type(found, "video") if not _is_cover(stream)), None)


def cover_of(found: dict) -> int | None:
    return next((stream["index"] for stream in _of_type(found, "video") if _is_cover(stream)), None)


def sounds_of(found: dict) -> tuple[SoundStream, ...]:
    """The sound tracks that can be decoded, the one to begin with first."""
    tracks = [
        SoundStream(
            stream["index"], clean(stream.get("codec_name", "")), stream["channels"], *_labels(stream),
            bool(stream["disposition"].get("default")),
        )
        for stream in _of_type(found, "audio")
        if 0 < _whole(stream.get("channels")) <= _MOST_CHANNELS
    ]  # fmt: skip
    return tuple(sorted(tracks, key=lambda track: not track.default)[:_MOST_TRACKS])


def texts_of(found: dict) -> tuple[TextStream, ...]:
    tracks = [
        TextStream(
            stream["index"], *_labels(stream), bool(stream["disposition"].get("default")),
            bool(stream["disposition"].get("forced")),
        )
        for stream in _of_type(found, "subtitle")
        if stream.get("codec_name") in _TEXT_CODECS
    ]  # fmt: skip
    return tuple(tracks[:_MOST_TRACKS])


def _of_type(found: dict, kind: str) -> list[dict]:
    return [stream for stream in _streams(found) if stream.get("codec_type") == kind]


def _streams(found: dict) -> list[dict]:
    """Those that have a place among the others: it stands in argument vectors."""
    return [stream for stream in found.get("streams", []) if 0 <= _whole(stream.get("index")) < _MOST_STREAMS]


def _whole(value: Any) -> int:
    """A number as ffprobe prints it; -1 for anything else."""
    return value if type(value) is int else -1


def _is_cover(stream: dict) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _labels(stream: dict) -> tuple[str, str]:
    tags = _lower(stream.get("tags", {}))
    title = tags.get("title") or (
        "" if "handler" in tags.get("handler_name", "").lower() else tags.get("handler_name", "")
    )
    return language_tag(tags.get("language", "")), clean(title)


# --- how the picture is ---------------------------------------------------------------------------


def copyable(video: dict) -> bool:
    """H.264 as every browser plays it. MPEG-TS cannot carry a rotation: what must be turned is encoded anew."""
    return (
        video.get("codec_name") == "h264"
        and video.get("pix_fmt") == "yuv420p"
        and video.get("profile") in _SAFE_PROFILES
        and not _rotation(video)
        and not treatment(video).interlaced
    )


def treatment(video: dict) -> Picture:
    transfer = video.get("color_transfer", "")
    interlaced = video.get("field_order", "progressive") in ("tt", "bb", "tb", "bt")
    return Picture(transfer if transfer in _HIGH_RANGE else "", interlaced)


def upright_size(video: dict) -> tuple[int, int]:
    width, height = _whole(video.get("width")), _whole(video.get("height"))
    across, _, down = (video.get("sample_aspect_ratio") or "1:1").partition(":")
    if across.isdecimal() and down.isdecimal() and int(across) and int(down):
        width = round(width * int(across) / int(down))
    return (height, width) if abs(_rotation(video)) in (90, 270) else (width, height)


def _rotation(video: dict) -> int:
    given = (number(data["rotation"]) for data in video.get("side_data_list", []) if "rotation" in data)
    return round(next(given, 0) or 0)


def frame_rate(video: dict) -> float:
    """Frames a second; 0 where it is not known."""
    over, under = (number(part) for part in video.get("avg_frame_rate", "0/1").split("/"))
    rate = over / under if over and under else 0.0
    return rate if 0 < rate <= _FASTEST else 0.0


def bit_rate(found: dict) -> int:
    """Bits a second; 0 where it is not known."""
    rate = number(found["format"].get("bit_rate")) or 0
    return round(rate) if 0 < rate < 2**31 else 0


# --- facts for people -----------------------------------------------------------------------------


def facts_of(found: dict) -> dict[str, Any]:
    """Container, codecs, tags, chapters."""
    container = found["format"]
    codecs = [clean(stream.get("codec_name", "unknown")) for stream in _streams(found) if not _is_cover(stream)]
    given = {**_first_audio_tags(found), **_lower(container.get("tags", {}))}
    tags = {name: clean(given[name]) for name in _TAGS if clean(given.get(name, ""))}
    facts = {
        "container": clean(container.get("format_name", "")),
        "codecs": codecs[:_MOST_CODECS],
        "tags": tags,
        "chapters": _chapters(found),
    }
    return {name: value for name, value in facts.items() if value}


def _first_audio_tags(found: dict) -> dict[str, str]:
    """Ogg keeps a song's tags in the stream."""
    return next((_lower(stream.get("tags", {})) for stream in _of_type(found, "audio")), {})


def _chapters(found: dict) -> list[dict[str, Any]]:
    chapters = found.get("chapters", [])[:_MOST_CHAPTERS]
    return [
        {
            "start": _instant(chapter["start_time"]),
            "end": _instant(chapter["end_time"]),
            "title": clean(_lower(chapter.get("tags", {})).get("title", "")) or f"Chapter {position}",
        }
        for position, chapter in enumerate(chapters, 1)
    ]


def _instant(text: str) -> float:
    return round(min(max(0.0, number(text) or 0.0), 2.0**31 - 1), 3)


def _lower(tags: dict) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in tags.items()}


def clean(text: str) -> str:
    """One line of printable characters; bytes that are no UTF-8 have become U+FFFD already."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in text)).strip()[:_LONGEST_TEXT]


def language_tag(text: str) -> str:
    """RFC 5646 of what a file says ("ger", "deu", "de-DE"); "" where it says nothing that is known."""
    try:
        tag = langcodes.get(text)
    except ValueError:
        return ""
    return tag.to_tag() if tag.is_valid() and tag.language not in (None, "und") else ""


def language_name(tag: str) -> str:
    """How its speakers call a language ("français"); "" for none."""
    return langcodes.get(tag).autonym() if tag else ""


def number(text: Any) -> float | None:
    """A finite number, or None: ffprobe says "N/A", "nan" and nothing."""
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def video_mime(found: dict) -> str:
    return _mime(found, {"mp4": "video/mp4", "webm": "video/webm", "matroska": "video/x-matroska"})


def audio_mime(found: dict, sound: SoundStream) -> str:
    mime = _mime(found, {
        "mp3": "audio/mpeg", "m4a": "audio/mp4", "flac": "audio/flac", "ogg": "audio/ogg", "wav": "audio/wav",
        "webm": "audio/webm", "aac": "audio/aac", "asf": "audio/x-ms-wma", "aiff": "audio/aiff",
    })  # fmt: skip
    # Apple Lossless lies in the same container, and no browser but Safari plays it.
    return "audio/x-m4a" if mime == "audio/mp4" and sound.codec == "alac" else mime


def _mime(found: dict, types: dict[str, str]) -> str:
    names = found["format"].get("format_name", "").split(",")
    return next((mime for name, mime in types.items() if name in names), "application/octet-stream")

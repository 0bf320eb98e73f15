"""Subtitles, of the film or beside it, become encrypted WebVTT: tracks like its sound (RFC 8216 3.5)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from control import vault
from control.domain.media import SIDECARS, Track
from nginx import contract
from processor import ffmpeg
from processor.sandbox import ChildFailed
from processor.steps.job import Job
from processor.steps.segments import Segment, playlist
from processor.steps.soundtracks import Names
from processor.steps.streams import TextStream, language_name, language_tag

log = structlog.get_logger()

_SECONDS = 600
_SEGMENT_SECONDS = 600  # each has a key of its own; a film's texts are small
_HEADER = f"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{ffmpeg.FIRST_TIMESTAMP},LOCAL:00:00:00.000\n\n"
_TIMING = re.compile(r"^((?:\d{1,3}:)?\d\d:\d\d\.\d{3}) --> ((?:\d{1,3}:)?\d\d:\d\d\.\d{3})", re.MULTILINE)
_LARGEST = 16 << 20  # bytes of text


def make_subtitles(job: Job, sidecars: Sequence[Path] = ()) -> list[Track]:
    """Every text track of the film, read at once, and those that lie beside it. A film whose texts cannot be read is
    still a film."""
    tracks: list[Track] = []
    for stream, text in _extract(job, job.found.texts):
        _add(job, tracks, stream, text)
    for sidecar in sidecars:
        add_sidecar(job, sidecar, tracks)
    return tracks


def add_sidecar(job: Job, sidecar: Path, tracks: list[Track]) -> Track | None:
    """Add the track of a text file that lies beside its film to `tracks`; None when there is no text in it."""
    words = sidecar.name.lower().split(".")[1:-1]  # of film.en.forced.srt
    language = next((tag for word in reversed(words) if (tag := language_tag(word))), "")
    stream = TextStream(0, language, forced="forced" in words)
    texts = _extract(replace(job, source=sidecar), (stream,), _charset(sidecar))
    return _add(job, tracks, stream, texts[0][1]) if texts else None


def sidecars_of(film: Path) -> list[Path]:
    """The text files beside a film: film.srt, film.en.vtt."""
    return sorted(path for path in film.parent.iterdir() if is_sidecar(path.name, film.name) and path.is_file())


def is_sidecar(name: str, film: str) -> bool:
    path, stem = Path(name), Path(film).stem
    return path.suffix.lower() in SIDECARS and (path.stem == stem or path.stem.startswith(stem + "."))


def _add(job: Job, tracks: list[Track], stream: TextStream, text: str) -> Track | None:
    there = [track for track in tracks if track.kind == "subtitles"]
    number = max((int(track.rung.removeprefix("text")) for track in there), default=-1) + 1
    wanted = stream.title or language_name(stream.language) or f"Subtitles {number + 1}"
    name = Names({track.name for track in there}).unique(wanted)
    track = Track(f"text{number}", "subtitles", name, stream.language, default=stream.forced, forced=stream.forced)
    if not write_texts(job, track, text):
        return None
    tracks.append(track)
    return track


def _charset(sidecar: Path) -> str:
    """Old text files are Windows's, which hold any bytes; ffmpeg knows UTF-8 and byte order marks itself."""
    with sidecar.open("rb") as file:
        content = file.read(_LARGEST)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ""
    try:
        content.decode()
    except UnicodeDecodeError:
        return "WINDOWS-1252"
    return ""


def _extract(job: Job, wanted: tuple[TextStream, ...], charset: str = "") -> list[tuple[TextStream, str]]:
    """The texts that could be read, as WebVTT."""
    if not wanted:
        return []
    files = {stream: job.scratch / f"text{stream.index}.vtt" for stream in wanted}
    for file in files.values():
        file.unlink(missing_ok=True)
    targets = [(stream.index, f"{job.write}/{file.name}") for stream, file in files.items()]
    try:
        job.run(ffmpeg.subtitles(job.settings.ffmpeg, job.read, targets, charset), _SECONDS)
    except ChildFailed as error:
        log.warning("no_subtitles", reason=str(error)[-300:])
    return [(stream, _read(file)) for stream, file in files.items() if file.exists()]


def _read(file: Path) -> str:
    with file.open("rb") as opened:
        return opened.read(_LARGEST).decode(errors="replace")


def write_texts(job: Job, track: Track, text: str) -> bool:
    """Cut WebVTT into encrypted segments and write their playlist; False when there is no cue before the film ends."""
    duration = job.found.duration or 0.0
    cues = [cue for cue in _cues(text) if cue[0] < duration]
    if not cues:
        return False
    segments = []
    for index in range(int(duration // _SEGMENT_SECONDS) + 1):
        start, end = index * _SEGMENT_SECONDS, min(duration, (index + 1) * _SEGMENT_SECONDS)
        part = _HEADER + "\n\n".join(cue for begins, ends, cue in cues if begins < end and ends > start) + "\n"
        segments.append(_seal(job, track.rung, index, end - start, part.encode()))
    job.target.put(f"{track.rung}/{contract.PLAYLIST}", playlist(segments, _SEGMENT_SECONDS, done=True))
    return True


def _seal(job: Job, rung: str, index: int, seconds: float, content: bytes) -> Segment:
    segment = Segment.sealed(contract.segment_name(index, "vtt"), seconds, index, len(content))
    key = vault.content_key(job.media_key, rung, index)
    job.target.put(f"{rung}/{segment.name}", vault.encrypt(key, content, segment.iv))
    return segment


def _cues(text: str) -> list[tuple[float, float, str]]:
    """(start, end, block) of each cue; comments, styles and regions stay out."""
    blocks = re.split(r"\n{2,}", text.replace("\r\n", "\n").replace("\r", "\n"))
    found = ((_TIMING.search(block), block.strip("\n")) for block in blocks)
    return [(_seconds(timing[1]), _seconds(timing[2]), block) for timing, block in found if timing]


def _seconds(stamp: str) -> float:
    *hours, minutes, seconds = stamp.split(":")
    return int(hours[0]) * 3600 + int(minutes) * 60 + float(seconds) if hours else int(minutes) * 60 + float(seconds)

"""A film becomes encrypted, adaptive HLS: a copied `source` rung where that is safe, then the ladder in one process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from control.domain.media import Rendition
from control.settings import Rung as RungSettings
from control.settings import Settings
from processor import ffmpeg
from processor.sandbox import Child, ChildFailed, Limits, input_name, run, scratch_name
from processor.steps.probe import Probe
from processor.steps.segments import Rung

log = structlog.get_logger()

SOURCE_RUNG = "source"
_POLL_SECONDS = 0.2
_SLOWEST = 40  # a film may take so many times its own length, and ten minutes more
_AAC = "mp4a.40.2"  # RFC 6381: AAC-LC
_PROFILES = {"Constrained Baseline": "42e0", "Baseline": "4200", "Main": "4d40", "High": "6400"}


class _TooLong(Exception):
    """A segment is longer than its playlist may announce."""


class Ladder:
    """Makes the rungs of one film in `vault` and reports each change.

    `published(renditions)` is called when a rung can be played and again when it is complete; `progressed(percent)`
    while the encoder runs.
    """

    def __init__(self, settings: Settings, source: Path, probe: Probe, media_key: bytes, vault: Path, scratch: Path,
                 published: Callable[[list[Rendition]], None], progressed: Callable[[float], None]):  # fmt: skip
        self._settings, self._source, self._probe = settings, source, probe
        self._media_key, self._vault, self._scratch = media_key, vault, scratch
        self._published, self._progressed = published, progressed
        self._described: dict[str, Rendition] = {}  # as the first segment shows them
        self._renditions: dict[str, Rendition] = {}  # what can be played now

    # --- the copied rung -------------------------------------------------------------------------

    def copy(self) -> None:
        """Remux a browser-safe source: seconds of work that make it playable. Other films go without this rung, and so
        does one whose key frames are too far apart."""
        if not self._probe.copyable:
            return
        seconds = self._settings.hls.segment_seconds
        rung = self._rung(SOURCE_RUNG, 2 * seconds)
        command = ffmpeg.remux(self._settings.ffmpeg, input_name(self._source), self._target(rung), seconds)
        sizes = {rung: (self._probe.width, self._probe.height, self._probe.bit_rate)}
        try:
            self._follow(command, sizes, lambda percent: None)
        except (ChildFailed, _TooLong) as error:
            log.warning("no_source_rung", reason=str(error)[-300:])
            self._drop(rung)

    def _drop(self, rung: Rung) -> None:
        self._renditions.pop(rung.name, None)
        self._published(list(self._renditions.values()))
        rung.remove()

    # --- the encoded rungs -----------------------------------------------------------------------

    def encode(self) -> list[Rendition]:
        """Make the ladder and return every rung that there is now. Raises ChildFailed when the encoder fails."""
        outputs = choose_rungs(self._settings.video.ladder, self._probe.width, self._probe.height)
        rungs = {output: self._rung(output.rung.name, self._settings.hls.segment_seconds + 2) for output in outputs}
        command = ffmpeg.ladder(
            self._settings.ffmpeg, self._settings.video, input_name(self._source),
            [(output, self._target(rung)) for output, rung in rungs.items()], self._settings.hls.segment_seconds,
            self._probe.has_audio,
        )  # fmt: skip
        sizes = {rung: (output.width, output.height, output.rung.bits_per_second) for output, rung in rungs.items()}
        self._follow(command, sizes, self._progressed)
        return list(self._renditions.values())

    # --- both ------------------------------------------------------------------------------------

    def _follow(self, command: Sequence[str], sizes: dict[Rung, tuple[int, int, int]],
                progressed: Callable[[float], None]) -> None:  # fmt: skip
        """Run an encoder and take up its segments until it ends; then close the playlists."""
        with self._child(command) as child:
            while child.running():
                time.sleep(_POLL_SECONDS)
                self._take_up(sizes)
                self._report(child, progressed)
            child.check()
        self._take_up(sizes)
        for rung in sizes:
            rung.finish()
            self._complete(rung, self._described[rung.name])

    def _take_up(self, sizes: dict[Rung, tuple[int, int, int]]) -> None:
        for rung, (width, height, bandwidth) in sizes.items():
            if rung.name not in self._described and rung.waiting():
                self._described[rung.name] = self._describe(rung, width, height, bandwidth)
            grown = rung.take_up()
            if rung.longest_segment > rung.longest:
                raise _TooLong("its key frames are too far apart")
            if grown and rung.name not in self._renditions:
                self._renditions[rung.name] = self._described[rung.name]
                self._published(list(self._renditions.values()))

    def _report(self, child: Child, progressed: Callable[[float], None]) -> None:
        """`-progress` writes out_time_us every second; the last one counts."""
        with child.output.open("rb") as file:
            file.seek(max(0, child.output.stat().st_size - 2000))
            lines = file.read().decode(errors="replace").splitlines()
        times = [line.partition("=")[2] for line in lines if line.startswith("out_time_us=")]
        if times and times[-1].isdigit() and self._probe.duration:
            progressed(min(99.0, int(times[-1]) / 1e6 / self._probe.duration * 100))

    def _rung(self, name: str, longest: int) -> Rung:
        return Rung(name, self._scratch / name, self._vault / name, self._media_key,
                    self._settings.hls.key_period_seconds, longest)  # fmt: skip

    def _complete(self, rung: Rung, rendition: Rendition) -> None:
        """The rung is whole: its peak is known now."""
        bandwidth = max(rung.peak_bandwidth, 1)
        self._renditions[rung.name] = Rendition(
            rung.name, rendition.width, rendition.height, bandwidth, rendition.codecs, rendition.frame_rate
        )
        self._published(list(self._renditions.values()))

    def _describe(self, rung: Rung, width: int, height: int, bandwidth: int) -> Rendition:
        """What the master playlist says of a rung, read off its first segment while that is still plain."""
        segment = rung.plaintext()
        codecs = self._codecs(segment) if segment else ""
        return Rendition(rung.name, width, height, round(bandwidth * 1.2), codecs, round(self._probe.frame_rate, 3))

    def _codecs(self, segment: Path) -> str:
        look = self._scratch / "look"
        look.mkdir(exist_ok=True)
        limits = Limits(30, self._settings.processing.memory_bytes)
        command = ffmpeg.probe_segment(self._settings.ffmpeg, input_name(segment))
        streams = json.loads(run(command, look, limits, segment))["streams"]
        video = next(stream for stream in streams if stream["codec_type"] == "video")
        prefix = _PROFILES.get(video.get("profile", ""), "6400")
        codecs = [f"avc1.{prefix}{int(video['level']):02x}"]
        return ",".join(codecs + [_AAC for stream in streams if stream["codec_type"] == "audio"][:1])

    def _target(self, rung: Rung) -> str:
        return f"{scratch_name(self._scratch)}/{rung.name}"

    def _child(self, command: Sequence[str]) -> Child:
        seconds = 600 + _SLOWEST * (self._probe.duration or 0)
        return Child(command, self._scratch, Limits(seconds, self._settings.processing.memory_bytes), self._source)


def choose_rungs(ladder: Sequence[RungSettings], width: int, height: int) -> list[ffmpeg.Output]:
    """The rungs of a film, tallest first, never above it. `height` of a rung is the picture's short side.

    A film smaller than the smallest rung gets one rung of its own size, under that rung's name.
    """
    short = min(width, height)
    fitting = sorted((rung for rung in ladder if rung.height <= short), key=lambda rung: -rung.height)
    if not fitting:
        return [ffmpeg.Output(min(ladder, key=lambda rung: rung.height), _even(width), _even(height))]
    return [
        ffmpeg.Output(rung, _even(width * rung.height / short), _even(height * rung.height / short)) for rung in fitting
    ]


def _even(pixels: float) -> int:
    """yuv420p wants even sizes."""
    return max(2, 2 * round(pixels / 2))

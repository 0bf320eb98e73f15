"""A film becomes encrypted, adaptive HLS: a copied `source` rung where that is safe, then the ladder in one process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from control.domain.media import Rendition, Track
from control.domain.playlists import AAC
from control.settings.sections import Hwaccel
from control.settings.sections import Rung as RungSettings
from processor import ffmpeg
from processor.encoders import Encoders
from processor.sandbox import Child, ChildFailed, Limits, input_name, run
from processor.steps.job import Job
from processor.steps.refusal import Refused
from processor.steps.segments import Rung
from processor.steps.soundtracks import plan_sound
from processor.steps.storyboard import plan_board

log = structlog.get_logger()

SOURCE_RUNG, SOUND_RUNG = "source", "audio"
BOARD = "storyboard.webp"
_POLL_SECONDS = 0.2
_SLOWEST = 40  # a film may take so many times its own length, and ten minutes more
_PROFILES = {"Constrained Baseline": "42e0", "Baseline": "4200", "Main": "4d40", "High": "6400"}

# What can be played: the rungs, and the tracks beside them.
Published = Callable[[list[Rendition], list[Track]], None]


class _TooLong(Exception):
    """A segment is longer than its playlist may announce."""


class Ladder:
    """Makes the rungs and sound tracks of one media in the vault and reports each change.

    `published(renditions, tracks)` is called when one can be played and again when it is complete;
    `progressed(percent)` while the encoder runs, five times a second.
    """

    def __init__(self, job: Job, encoders: Encoders, published: Published, progressed: Callable[[float], None]):
        self._job, self._encoders = job, encoders
        self._published, self._progressed = published, progressed
        self._sound = plan_sound(job.settings, job.found.sounds)
        self._beside = self._sound.beside  # what is still to be made of it
        self.board = plan_board(job.found) if job.found.kind == "video" else None
        self._pictures: dict[str, Rendition] = {}  # what can be played, or could if its sound were there
        self._tracks: dict[str, Track] = {}
        self._awaited = {track.rung for track, _ in self._beside}

    @property
    def renditions(self) -> list[Rendition]:
        """Nothing before every sound track has begun: a player would wait for it."""
        return list(self._pictures.values()) if self._awaited <= self._tracks.keys() else []

    @property
    def tracks(self) -> list[Track]:
        return list(self._tracks.values())

    # --- the copied rung -------------------------------------------------------------------------

    def copy(self) -> None:
        """Remux a browser-safe picture: seconds of work that make it playable. Other films go without this rung, and
        so does one whose key frames are too far apart."""
        found, seconds = self._job.found, self._job.settings.hls.segment_seconds
        if not found.copyable:
            return
        rung = self._rung(SOURCE_RUNG, 2 * seconds)
        sounds = self._sound_rungs()
        command = ffmpeg.remux(
            self._job.settings.ffmpeg, self._job.read, self._target(rung.name), self._sound.copied,
            self._sound_targets(), seconds,
        )  # fmt: skip
        shown = Rendition(rung.name, found.width, found.height, round(found.bit_rate * 1.2))
        try:
            self._follow(command, {rung: shown}, sounds, lambda percent: self._progressed(0.0))
            self._beside = ()
        except (ChildFailed, _TooLong) as error:
            log.warning("no_source_rung", reason=str(error)[-300:])
            self._drop([rung, *sounds])

    def _drop(self, rungs: Sequence[Rung]) -> None:
        for rung in rungs:
            self._pictures.pop(rung.name, None)
            self._tracks.pop(rung.name, None)
            rung.remove()
        self._publish()

    # --- the encoded rungs -----------------------------------------------------------------------

    def encode(self) -> None:
        """Make the ladder, by hardware where that is set and works. Raises ChildFailed when the encoder fails."""
        encoder = self._encoders.choose(self._job.scratch)
        try:
            self._encode_steadily(encoder)
        except ChildFailed as error:
            if encoder == "none":
                raise
            self._encoders.give_up(str(error))
            self._encode_steadily("none")

    def _encode_steadily(self, encoder: Hwaccel) -> None:
        """With the source's own timing; a slide show that rests for longer than a segment has its pictures repeated."""
        picture = self._job.found.picture
        try:
            self._encode(encoder, picture)
        except _TooLong:
            log.info("pictures_repeated")
            self._again(encoder, replace(picture, steady=True))

    def _again(self, encoder: Hwaccel, picture: ffmpeg.Picture) -> None:
        try:
            self._encode(encoder, picture)
        except _TooLong as error:
            raise Refused("There are too long holes between its pictures.") from error

    def _encode(self, encoder: Hwaccel, picture: ffmpeg.Picture) -> None:
        found, settings = self._job.found, self._job.settings
        outputs = choose_rungs(settings.video.ladder, found.width, found.height)
        rungs = {output: self._rung(output.rung.name, settings.hls.segment_seconds + 2) for output in outputs}
        sounds = self._sound_rungs()
        targets = [(output, self._target(rung.name)) for output, rung in rungs.items()]
        board = self.board and (self.board, f"{self._job.write}/{BOARD}")
        command = ffmpeg.ladder(
            settings.ffmpeg, settings.video, encoder, self._job.read, picture, targets, self._sound.muxed,
            self._sound_targets(), board, settings.hls.segment_seconds,
        )  # fmt: skip
        shown = {
            rung: Rendition(rung.name, output.width, output.height, round(output.rung.bits_per_second * 1.2))
            for output, rung in rungs.items()
        }
        try:
            self._follow(command, shown, sounds, self._progressed, devices=encoder != "none")
        except (ChildFailed, _TooLong):
            self._drop([*shown, *sounds])
            raise

    # --- sound alone -----------------------------------------------------------------------------

    def listen(self) -> None:
        """A song has one rung, without pictures."""
        settings, rung = self._job.settings, self._rung(SOUND_RUNG, self._job.settings.hls.segment_seconds + 2)
        sound = ffmpeg.Sound(self._job.found.sounds[0].index, 2, settings.audio.bitrate)
        target = [(sound, self._target(rung.name))]
        command = ffmpeg.listen(settings.ffmpeg, self._job.read, target, settings.hls.segment_seconds)
        self._follow(command, {rung: Rendition(rung.name, 0, 0, 0, AAC)}, {}, self._progressed)

    # --- all of them -----------------------------------------------------------------------------

    def _follow(self, command: Sequence[str], pictures: dict[Rung, Rendition], sounds: dict[Rung, Track],
                progressed: Callable[[float], None], devices: bool = False) -> None:  # fmt: skip
        """Run an encoder and take up its segments until it ends; then close the playlists."""
        with self._job.child(command, 600 + _SLOWEST * (self._job.found.duration or 0), devices) as child:
            while child.running():
                time.sleep(_POLL_SECONDS)
                self._wait_for_room(child)
                self._take_up(pictures, sounds)
                progressed(self._percent(pictures))
            child.check()
        self._take_up_rest(pictures, sounds)
        for rung in (*pictures, *sounds):
            self._finish(rung)
        self._publish()

    def _wait_for_room(self, child: Child) -> None:
        if self._job.room.lacking():
            with child.paused():
                self._job.room.wait()

    def _take_up_rest(self, pictures: dict[Rung, Rendition], sounds: dict[Rung, Track]) -> None:
        """The encoder has ended; what it has left may be more than there is room for."""
        left = True
        while left:
            self._job.room.wait()
            self._take_up(pictures, sounds)
            left = any(rung.waiting() for rung in (*pictures, *sounds))

    def _take_up(self, pictures: dict[Rung, Rendition], sounds: dict[Rung, Track]) -> None:
        begun = False
        for rung, shown in pictures.items():
            known = self._pictures.get(rung.name) or (self._described(rung, shown) if rung.waiting() else None)
            begun |= self._grow(rung, self._pictures, known)
        for rung, track in sounds.items():
            begun |= self._grow(rung, self._tracks, track)
        if begun:
            self._publish()
        return begun

    def _grow(self, rung: Rung, published: dict, entry: Rendition | Track | None) -> bool:
        """Take up what is new; True when the rung can be played from now on."""
        most = None if rung.name in published else 1  # a copy is quick: who watches waits for one alone
        grown = rung.take_up(most, lambda: self._job.room.lacking() is None)
        if rung.longest_segment > rung.longest:
            raise _TooLong("a segment is too long")
        begins = grown and rung.name not in published
        if begins:
            published[rung.name] = entry
        return begins

    def _publish(self) -> None:
        self._published(self.renditions, self.tracks)

    def _finish(self, rung: Rung) -> None:
        """Close its playlist; its peak is known now. A track that holds nothing does not exist."""
        if not rung.segments:
            self._awaited.discard(rung.name)
            return rung.remove()
        rung.finish()
        for published in (self._pictures, self._tracks):
            if rung.name in published:
                published[rung.name] = replace(published[rung.name], bandwidth=max(rung.peak_bandwidth, 1))

    def _percent(self, rungs: Iterable[Rung]) -> float:
        """By the segments taken up: ffmpeg's own `-progress` is silent until every output has begun, and the storyboard
        begins at the end."""
        done, whole = min(rung.seconds for rung in rungs), self._job.found.duration
        return min(99.0, done / whole * 100) if whole else 0.0

    # --- rungs -----------------------------------------------------------------------------------

    def _rung(self, name: str, longest: int) -> Rung:
        return Rung(name, self._job.scratch / name, self._job.target, self._job.media_key,
                    self._job.settings.hls.key_period_seconds, longest)  # fmt: skip

    def _sound_rungs(self) -> dict[Rung, Track]:
        longest = self._job.settings.hls.segment_seconds + 2
        return {self._rung(track.rung, longest): track for track, _ in self._beside}

    def _sound_targets(self) -> list[tuple[ffmpeg.Sound, str]]:
        return [(sound, self._target(track.rung)) for track, sound in self._beside]

    def _target(self, name: str) -> str:
        return f"{self._job.write}/{name}"

    def _described(self, rung: Rung, shown: Rendition) -> Rendition:
        """What the master playlist says of a rung, read off its first segment while that is still plain."""
        segment = rung.plaintext()
        codecs = shown.codecs or self._codecs(segment)
        return replace(shown, codecs=codecs, frame_rate=round(self._job.found.frame_rate, 3))

    def _codecs(self, segment: Path) -> str:
        look = self._job.beside("look").scratch
        limits = Limits.within(self._job.settings.processing, 30)
        command = ffmpeg.probe_segment(self._job.settings.ffmpeg, input_name(segment))
        streams = json.loads(run(command, look, limits, segment))["streams"]
        video = next((stream for stream in streams if stream["codec_type"] == "video"), None)
        if video is None or video.get("level", 0) <= 0:
            return ""  # a damaged film may begin with sound alone
        prefix = _PROFILES.get(video.get("profile", ""), "6400")
        codecs = [f"avc1.{prefix}{video['level']:02x}"]
        return ",".join(codecs + [AAC for stream in streams if stream["codec_type"] == "audio"][:1])


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

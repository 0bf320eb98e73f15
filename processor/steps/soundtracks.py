"""Which sound a film gets: one stereo track goes into the rungs, anything more stands beside them (EXT-X-MEDIA)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from control.domain.media import Track
from control.settings import Settings
from processor.ffmpeg import Sound
from processor.steps.streams import SoundStream, language_name


@dataclass(frozen=True)
class Soundtracks:
    muxed: Sound | None = None  # in every encoded rung
    copied: Sound | None = None  # the same in the rung that is a copy of the source
    beside: tuple[tuple[Track, Sound], ...] = ()


def plan_sound(settings: Settings, streams: tuple[SoundStream, ...]) -> Soundtracks:
    """AAC in stereo for every track, and in 5.1 besides where there is surround sound."""
    if not streams:
        return Soundtracks()
    if len(streams) > 1 or streams[0].channels > 2:
        return Soundtracks(beside=tuple(_beside(settings, streams)))
    index, bitrate = streams[0].index, settings.video.audio_bitrate
    return Soundtracks(Sound(index, 2, bitrate), Sound(index, 2, bitrate, streams[0].copyable))


def _beside(settings: Settings, streams: tuple[SoundStream, ...]) -> Iterator[tuple[Track, Sound]]:
    names = Names()
    for number, stream in enumerate(streams):
        name = names.unique(stream.title or language_name(stream.language) or f"Sound {number + 1}")
        stereo = Sound(stream.index, 2, settings.video.audio_bitrate, stream.copyable)
        yield _track(f"audio{number}", name, stream, stereo, default=number == 0), stereo
        if stream.channels > 2:
            surround = Sound(stream.index, 6, settings.audio.surround_bitrate)
            yield _track(f"surround{number}", names.unique(f"{name} (5.1)"), stream, surround), surround


def _track(rung: str, name: str, stream: SoundStream, sound: Sound, default: bool = False) -> Track:
    bandwidth = int(sound.bitrate[:-1]) * 1200
    return Track(rung, "audio", name, stream.language, sound.channels, bandwidth, default)


class Names:
    """NAME is unique in its group (RFC 8216 4.3.4.1.1)."""

    def __init__(self, taken: set[str] | None = None):
        self._taken = taken or set()

    def unique(self, name: str) -> str:
        candidates = (name if count == 1 else f"{name} {count}" for count in range(1, 1000))
        chosen = next(candidate for candidate in candidates if candidate not in self._taken)
        self._taken.add(chosen)
        return chosen

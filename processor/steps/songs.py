"""A song: its cover, the outline of its loudness, and encrypted HLS beside the original."""

from __future__ import annotations

from collections.abc import Callable

from processor import ffmpeg
from processor.steps.job import Job
from processor.steps.stills import picture_of

_STILL, _THUMBNAIL = 480, 300  # pixels of a cover's longer side
_WAVE = (1200, 160)


def make_song_pictures(job: Job, made: Callable[[str], None]) -> None:
    """Make what can be made; `made` hears of each. A song without a picture is still a song."""
    for kind, command in _recipes(job).items():
        picture = picture_of(job, command)
        if picture:
            job.seal(picture, kind)
            made(kind)


def _recipes(job: Job) -> dict[str, list[str]]:
    tool, read, write = job.settings.ffmpeg, job.read, f"{job.write}/picture.webp"
    recipes = {"waveform": ffmpeg.waveform(tool, read, write, job.found.sounds[0].index, *_WAVE)}
    if job.found.cover is not None:
        recipes["still"] = ffmpeg.cover(tool, read, write, job.found.cover, _STILL)
        recipes["thumbnail"] = ffmpeg.cover(tool, read, write, job.found.cover, _THUMBNAIL)
    return recipes

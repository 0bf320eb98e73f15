"""Pictures of a film: a static frame, a short animated thumbnail, a preview of its scenes; all sealed."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from processor import ffmpeg
from processor.sandbox import ChildFailed
from processor.steps.job import Job

log = structlog.get_logger()

_SECONDS = 300  # of wall time for one picture
_FEWEST_SCENES = 4  # with fewer cuts than this a preview shows evenly spaced frames instead
_SHORT_FILM = 90  # seconds: decoded whole for its preview; a longer one is skimmed by its key frames


def make_stills(job: Job, made: Callable[[str], None]) -> None:
    """Make what can be made; `made` hears of each (contract.STILL_KINDS). A film without any is still a film."""
    for kind, commands in _recipes(job).items():
        picture = _first_good(job, commands, _FEWEST_SCENES if kind == "preview" else 1)
        if picture:
            job.seal(picture, kind)
            made(kind)


def _recipes(job: Job) -> dict[str, list[list[str]]]:
    duration, wanted, tool = job.found.duration or 0.0, job.settings.video, job.settings.ffmpeg
    seconds = min(wanted.thumbnail.seconds, duration) or wanted.thumbnail.seconds
    start = max(0.0, min(duration * wanted.thumbnail.start, duration - seconds))
    look, read, write = job.found.picture, job.read, f"{job.write}/picture.webp"
    choices = ffmpeg.by_scene(wanted.preview.scene_threshold), ffmpeg.evenly(duration, wanted.preview.max_frames)
    skim = duration > _SHORT_FILM
    return {
        "still": [ffmpeg.still(tool, look, read, write, start, wanted.preview.width, wanted.preview.quality)],
        "thumbnail": [ffmpeg.thumbnail(tool, look, wanted.thumbnail, read, write, start, seconds)],
        "preview": [ffmpeg.preview(tool, look, wanted.preview, read, write, choice, skim) for choice in choices],
    }


def _first_good(job: Job, commands: list[list[str]], frames: int) -> bytes | None:
    """The first picture with enough frames; the last one made where none has."""
    made = None
    for command in commands:
        made = picture_of(job, command) or made
        if made and max(1, made.count(b"ANMF")) >= frames:
            break
    return made


def picture_of(job: Job, command: list[str]) -> bytes | None:
    """The picture.webp that a command makes, or None."""
    picture = job.scratch / "picture.webp"
    try:
        job.run(command, _SECONDS)
        return picture.read_bytes() or None
    except (ChildFailed, FileNotFoundError) as error:
        log.info("no_picture", reason=str(error)[-300:])
        return None
    finally:
        picture.unlink(missing_ok=True)

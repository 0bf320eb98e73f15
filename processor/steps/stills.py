"""Pictures of a film: a static frame, a short animated thumbnail, a preview of its scenes; all sealed."""

from __future__ import annotations

from pathlib import Path

import structlog

from control import vault
from control.settings import Settings
from nginx import contract
from processor import ffmpeg
from processor.sandbox import ChildFailed, Limits, input_name, run, scratch_name
from processor.steps.probe import Probe
from processor.steps.segments import write_durably

log = structlog.get_logger()

_SECONDS = 300  # of wall time for one picture
_FEWEST_SCENES = 4  # with fewer cuts than this a preview shows evenly spaced frames instead
_SHORT_FILM = 90  # seconds: decoded whole for its preview; a longer one is skimmed by its key frames


def make_stills(settings: Settings, source: Path, probe: Probe, media_key: bytes, target: Path,
                scratch: Path) -> list[str]:  # fmt: skip
    """Make what can be made; return which of contract.STILL_KINDS exist. A film without pictures is still a film."""
    duration, wanted = probe.duration or 0.0, settings.video
    seconds = min(wanted.thumbnail.seconds, duration) or wanted.thumbnail.seconds
    start = max(0.0, min(duration * wanted.thumbnail.start, duration - seconds))
    read, write = input_name(source), f"{scratch_name(scratch)}/picture.webp"
    tool = settings.ffmpeg
    skim = duration > _SHORT_FILM
    recipes = {
        "still": [ffmpeg.still(tool, read, write, start, wanted.preview.width, wanted.preview.quality)],
        "thumbnail": [ffmpeg.thumbnail(tool, wanted.thumbnail, read, write, start, seconds)],
        "preview": [
            ffmpeg.preview(tool, wanted.preview, read, write, select, skim)
            for select in (
                ffmpeg.by_scene(wanted.preview.scene_threshold), ffmpeg.evenly(duration, wanted.preview.max_frames),
            )
        ],
    }  # fmt: skip
    limits = Limits(_SECONDS, settings.processing.memory_bytes)
    made = []
    for kind, commands in recipes.items():
        picture = _first_good(commands, source, scratch, limits, _FEWEST_SCENES if kind == "preview" else 1)
        if picture:
            seal_still(media_key, kind, picture, target)
            made.append(kind)
    return made


def seal_still(media_key: bytes, kind: str, picture: bytes, target: Path) -> None:
    sealed = vault.seal(vault.content_key(media_key, kind), picture)
    write_durably(target / contract.still_name(kind), sealed)


def _first_good(commands: list[list[str]], source: Path, scratch: Path, limits: Limits, frames: int) -> bytes | None:
    """The first picture with enough frames; the last one made where none has."""
    picture, made = scratch / "picture.webp", None
    for command in commands:
        try:
            run(command, scratch, limits, source)
            content = picture.read_bytes()
        except (ChildFailed, FileNotFoundError) as error:
            log.info("no_picture", reason=str(error)[-300:])
            continue
        finally:
            picture.unlink(missing_ok=True)
        made = content or made
        if made and max(1, made.count(b"ANMF")) >= frames:
            break
    return made

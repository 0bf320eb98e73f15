"""A photo becomes an encrypted WebP and its small pictures; Pillow runs in the sandbox."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from control import vault
from nginx import contract
from processor.sandbox import ChildFailed, python_command
from processor.steps.job import Job
from processor.steps.probe import Probe
from processor.steps.refusal import Refused
from processor.steps.streams import clean

CHILD = Path(__file__).with_name("images_child.py")
_SECONDS = 120


def make_image(job: Job) -> Probe:
    """Write image, thumbnail and still, sealed; return the probe with what the decoder found.

    Raises Refused for a picture that cannot be decoded: a claim in its first bytes is no proof.
    """
    facts = _decode(job)
    image = (job.scratch / "image.webp").read_bytes()
    sealed = vault.seal(vault.content_key(job.media_key, contract.IMAGE_RUNG), image)
    job.target.put(contract.IMAGE, sealed)
    for kind in ("thumbnail", "still"):
        job.seal((job.scratch / f"{kind}.webp").read_bytes(), kind)
    width, height = facts.pop("width"), facts.pop("height")
    facts["taken_at"] = _moment(facts.get("taken_at") or "")
    return replace(job.found, width=width, height=height, facts={name: fact for name, fact in facts.items() if fact})


def _moment(text: str) -> str | None:
    """ISO 8601 of EXIF's "2024:05:06 07:08:09" (the camera's own time); None for what is no date."""
    try:
        return datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:
        return None


def _decode(job: Job) -> dict:
    images = job.settings.images
    command, readable = python_command(CHILD)
    numbers = [images.quality, images.max_width, images.max_height, images.thumbnail]
    arguments = [*command, job.read, job.write, job.found.image_format, *map(str, numbers)]
    try:
        return json.loads(job.run(arguments, _SECONDS, readable))
    except (ChildFailed, ValueError) as error:
        if isinstance(error, ChildFailed) and not error.blames_file:
            raise
        raise Refused(f"The picture is damaged or too large ({_reason(job, error)}).") from error


def _reason(job: Job, error: Exception) -> str:
    """What the decoder said, without the name that the file has for it, nor Python's for the mistake."""
    line = (str(error).splitlines() or ["no details"])[-1].replace(f" {job.read!r}", "")
    return clean(re.sub(r"^[\w.]+: ", "", line))

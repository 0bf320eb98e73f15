"""A photo becomes an encrypted WebP and its small pictures; Pillow runs in the sandbox."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from control import vault
from control.settings import Settings
from nginx import contract
from processor.sandbox import ChildFailed, Limits, input_name, python_command, run, scratch_name
from processor.steps.probe import Probe
from processor.steps.refusal import Refused
from processor.steps.segments import write_durably
from processor.steps.stills import seal_still

CHILD = Path(__file__).with_name("images_child.py")
_SECONDS = 120


def make_image(settings: Settings, source: Path, probe: Probe, media_key: bytes, target: Path,
               scratch: Path) -> Probe:  # fmt: skip
    """Write image, thumbnail and still into `target`, sealed; return the probe with what the decoder found.

    Raises Refused for a picture that cannot be decoded: a claim in its first bytes is no proof.
    """
    facts = _decode(settings, source, probe, scratch)
    image = (scratch / "image.webp").read_bytes()
    write_durably(target / contract.IMAGE, vault.seal(vault.content_key(media_key, contract.IMAGE_RUNG), image))
    for kind in ("thumbnail", "still"):
        seal_still(media_key, kind, (scratch / f"{kind}.webp").read_bytes(), target)
    found = {"taken_at": facts["taken_at"]} if facts.get("taken_at") else {}
    return replace(probe, width=facts["width"], height=facts["height"], facts={"format": facts["format"], **found})


def _decode(settings: Settings, source: Path, probe: Probe, scratch: Path) -> dict:
    images = settings.images
    command, readable = python_command(CHILD)
    numbers = [images.quality, images.max_width, images.max_height, images.thumbnail]
    arguments = [*command, input_name(source), scratch_name(scratch), probe.image_format, *map(str, numbers)]
    try:
        return json.loads(run(arguments, scratch, Limits(_SECONDS, settings.processing.memory_bytes), source, readable))
    except (ChildFailed, ValueError) as error:
        reason = (str(error).splitlines() or ["no details"])[-1][:200]
        raise Refused(f"The picture is damaged or too large ({reason}).") from error

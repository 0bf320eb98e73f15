"""A document stays as it came; a sandboxed child tells what it is and draws its first page or cover."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from processor.sandbox import ChildFailed, python_command
from processor.steps.job import Job
from processor.steps.probe import Probe
from processor.steps.refusal import Refused
from processor.steps.streams import clean

CHILD = Path(__file__).with_name("documents_child.py")
_SECONDS = 60
_REFUSED = 3  # its status when the document is to blame; anything else is tried again
_STILL = 480  # pixels of the longer side


def make_document(job: Job, name: str, made: Callable[[str], None]) -> Probe:
    """Return the probe with what the document says of itself; `made` hears of each picture.

    Raises Refused for what cannot be opened.
    """
    command, readable = python_command(CHILD)
    sizes = [str(_STILL), str(job.settings.images.thumbnail)]
    try:
        answer = job.run([*command, job.read, job.write, Path(name).suffix.lower(), *sizes], _SECONDS, readable)
        found = json.loads(answer)
    except ChildFailed as error:
        if error.status != _REFUSED:
            raise
        raise Refused(clean(str(error).splitlines()[-1])) from error
    for kind in ("still", "thumbnail"):
        picture = job.scratch / f"{kind}.webp"
        if picture.exists():
            job.seal(picture.read_bytes(), kind)
            made(kind)
    return replace(job.found, mime=found["mime"], facts=found["facts"])

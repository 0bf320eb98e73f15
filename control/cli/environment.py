"""The SLUICE_ variables that a running instance was started with: ``DIR/run/environment``, written by deploy/up."""

from __future__ import annotations

import os
from pathlib import Path


def recall(data: Path) -> None:
    """See the settings that the running programs see. What the caller sets himself wins."""
    try:
        lines = (data / "run" / "environment").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        name, found, value = line.partition("=")
        if found:
            os.environ.setdefault(name, value)

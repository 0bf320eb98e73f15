"""Which rungs a film gets."""

from __future__ import annotations

import pytest

from control.settings.sections import Video
from processor.steps.ladder import choose_rungs

LADDER = Video().ladder


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), {"720p": (1280, 720), "480p": (854, 480), "360p": (640, 360)}),
        ((1280, 720), {"720p": (1280, 720), "480p": (854, 480), "360p": (640, 360)}),
        ((960, 540), {"480p": (854, 480), "360p": (640, 360)}),
        ((1080, 1920), {"720p": (720, 1280), "480p": (480, 854), "360p": (360, 640)}),  # upright: the short side counts
        ((320, 240), {"360p": (320, 240)}),  # smaller than every rung: its own size
        ((321, 241), {"360p": (320, 240)}),  # yuv420p wants even sizes
        ((2560, 360), {"360p": (2560, 360)}),
    ],
)
def test_no_rung_is_above_its_source(size, expected):
    assert {output.rung.name: (output.width, output.height) for output in choose_rungs(LADDER, *size)} == expected

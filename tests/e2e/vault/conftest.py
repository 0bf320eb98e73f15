"""A stack of its own: equal files are linked, and a mount gets renditions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import SETTINGS, Stack, running

DRIVE = """
[links]
stream_secret = "a secret that other programs know"

[[mounts]]
name = "drive"
path = "{data}/drive"
types = ["video", "image"]
renditions = true
windows_path = 'N:\\Films'
"""


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    settings = SETTINGS.replace("[imports]", '[imports]\nduplicates = "link"') + DRIVE
    settings = settings.replace("[processing]", "[processing]\nattempts = 100")  # it is killed on purpose
    settings = settings.replace('name = "shelf"', 'name = "shelf"\nstream = true')
    with running(settings, neighbours=("shelf", "gate", "drive")) as stack:
        yield stack


@pytest.fixture(scope="session")
def film(stack, film_file) -> dict:
    """The film in this library."""
    return stack.wait_for_media(stack.drop(film_file, "film.mp4"))

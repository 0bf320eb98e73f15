"""Real decoders on tiny media of the tests' own making."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from control import settings as control_settings
from tests.control.storage.conftest import database, database_url  # noqa: F401 (fixtures)


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    return control_settings.load(tmp_path_factory.mktemp("data"))


@pytest.fixture
def scratch(tmp_path):
    directory = tmp_path / "scratch"
    directory.mkdir()
    return directory


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    """make(name, *ffmpeg arguments) -> path of a new file."""

    def make(name: str, *arguments: str) -> Path:
        target = tmp_path_factory.mktemp("media") / name
        subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments, str(target)], check=True, stdin=subprocess.DEVNULL)
        return target

    return make


@pytest.fixture(scope="session")
def film(make):
    """Five seconds of H.264 and AAC, its index at the end."""
    return make(
        "film.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=5",
        "-f", "lavfi", "-i", "sine=duration=5", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25",
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2",
    )  # fmt: skip

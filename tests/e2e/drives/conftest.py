"""A stack with two mounts: `shelf`, a plain directory, and `cloud`, a FUSE file system that misbehaves on demand.

Whoever waits for a hanging mount cannot be killed: tests look at `cloud` through the stack alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import make
from tests.e2e.drives.cloud import Cloud, mounted
from tests.fuse_stub import usable
from tests.stack import SETTINGS, Stack, running

CLOUD = """
[[mounts]]
name = "cloud"
path = "{data}/cloud"
"""
SONGS, SONG_BYTES = 7, 300_000


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    if not usable():
        pytest.skip("this account may not mount a FUSE file system")
    with running(SETTINGS + CLOUD) as stack:
        (stack.data / "cloud").mkdir()
        yield stack


@pytest.fixture(scope="session")
def source(tmp_path_factory) -> Path:
    """What lies on the drive."""
    directory = tmp_path_factory.mktemp("cloud")
    for number in range(SONGS):
        (directory / f"song-{number:02}.mp3").write_bytes(os.urandom(SONG_BYTES))
    (directory / "long.mp3").write_bytes(os.urandom(40_000_000))
    return directory


@pytest.fixture
def cloud(stack, source) -> Iterator[Cloud]:
    """The drive, mounted and known; taken out afterwards, whatever became of it."""
    with mounted(stack, source) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def film(stack, tmp_path_factory) -> dict:
    file = make(
        tmp_path_factory.mktemp("media") / "short.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p",
    )  # fmt: skip
    return stack.wait_for_media(stack.drop(file, "short.mp4"))


@pytest.fixture(scope="session")
def healthy(stack) -> dict:
    """A file of the other mount."""
    stack.place(os.urandom(SONG_BYTES), stack.data / "shelf" / "healthy.mp3")
    return stack.wait_for_media("healthy.mp3")

"""A stack whose vault has a small disk of its own (a tmpfs), and that makes one rung of a film, fast and large."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import make
from tests.stack import SETTINGS, Stack, running

MIB = 1 << 20
RESERVED = 4 * MIB
LONG_SECONDS, NOISE_SECONDS = 28, 4
FRAMES = 25 * LONG_SECONDS  # of the long film

SMALL = (
    SETTINGS.replace("[processing]", f"[processing]\nfree_bytes = {RESERVED}").replace(
        "[video]", '[video]\ncrf = 1\nladder = [{{name = "360p", height = 360, bitrate = "6000k"}}]'
    )
    + """
[hls]
segment_seconds = 2
"""
)


class Disk:
    """The vault's disk."""

    def __init__(self, vault: Path):
        self._vault = vault

    def leave(self, count: int) -> None:
        """Let it have so many bytes of room for more."""
        status = os.statvfs(self._vault)
        size = (status.f_blocks - status.f_bfree) * status.f_frsize + count
        subprocess.run(["mount", "-o", f"remount,size={size}", self._vault], check=True)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    data = Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
    vault = data / "vault"
    vault.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={512 * MIB},mode=750,uid=sluice,gid=sluice", "vault", vault], check=True
    )
    try:
        with running(SMALL, data=data) as stack:
            yield stack
            unmount(vault)
    finally:
        unmount(vault)


def unmount(directory: Path) -> None:
    if directory.is_mount():
        subprocess.run(["umount", "-l", directory], check=True)


@pytest.fixture
def disk(stack) -> Iterator[Disk]:
    disk = Disk(stack.data / "vault")
    yield disk
    disk.leave(512 * MIB)


@pytest.fixture
def admin(stack):
    return stack.session()


@pytest.fixture(scope="session")
def noise(tmp_path_factory):
    """noise(name, seconds, *codec) -> a film that cannot be made small: six megabits a second of it.

    The same NOISE_SECONDS again and again, since noise is dear to make.
    """

    def noise(name: str, seconds: int, *codec: str) -> Path:
        place = tmp_path_factory.mktemp("media")
        picture = f"testsrc2=size=640x360:rate=25:duration={NOISE_SECONDS},noise=alls=80:allf=t"
        once = make(place / f"once-{name}", "-f", "lavfi", "-i", picture, *codec)
        again = str(-(-seconds // NOISE_SECONDS) - 1)
        return make(place / name, "-stream_loop", again, "-i", str(once), "-t", str(seconds), "-c", "copy")

    return noise


@pytest.fixture(scope="session")
def long_film(noise) -> Path:
    """Its one rung has about 20 MiB, and it takes some seven seconds."""
    return noise("long.mp4", LONG_SECONDS, "-c:v", "mpeg4", "-b:v", "4M", "-maxrate", "4M", "-bufsize", "4M")


@pytest.fixture(scope="session")
def short_film(noise) -> Path:
    return noise("short.mp4", 3, "-c:v", "mpeg4", "-b:v", "4M", "-maxrate", "4M", "-bufsize", "4M")


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> list[Path]:
    directory = tmp_path_factory.mktemp("photos")
    return [
        make(
            directory / f"photo-{number}.jpg", "-f", "lavfi", "-i", f"testsrc=size=400x{200 + number}", "-frames:v", "1"
        )
        for number in range(12)
    ]


def job(admin, name: str) -> dict | None:
    """What the queue says of an import."""
    return next((job for job in admin.get("/api/admin/queue").json()["data"] if job["name"] == name), None)

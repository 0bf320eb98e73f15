"""kill -9 of the processor at random moments: no file lost, no half rendition visible, the queue drains (threat P08)."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time

import pytest

from tests.e2e.conftest import make
from tests.e2e.people import wait_until

SEED = 20261121


def new_file(folder, number: int):
    """A film, a song or a photo, different from all others."""
    kind = number % 4
    if kind == 0:
        return make(folder / f"film-{number}.mp4", "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={4 + number % 5}",
                    "-metadata", f"title={number}", "-c:v", ("mpeg4", "libx264")[number % 8 // 4], "-pix_fmt", "yuv420p")  # fmt: skip
    if kind == 1:
        return make(folder / f"song-{number}.mp3", "-f", "lavfi", "-i", f"sine={200 + number}:duration=20")
    return make(
        folder / f"photo-{number}.png", "-f", "lavfi", "-i", f"testsrc=size={800 + number}x600", "-frames:v", "1"
    )


def kill(stack) -> None:
    """The processor and whatever it runs; supervisord starts it again."""
    with contextlib.suppress(ValueError, FileNotFoundError):
        for pid in stack.pids("sluice:processor"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def must_hold(stack, files) -> None:
    """Every file is somewhere, and what counts as complete is complete."""
    waiting = {path.name for path in (stack.data / "imports").iterdir()}  # looked at first: it only gets less
    known = {media["name"]: media for media in json.loads(stack.sluice("media", "list", "--json"))}
    for file in files:
        media = known.get(file.name)
        assert file.name in waiting or (media and media["state"] == "completed"), f"{file.name} is lost: {media}"
        assert not media or media["state"] != "failed", media
        if media and media["state"] == "completed":
            assert (stack.data / "vault" / media["id"][:2] / media["id"] / "manifest.json").exists()


@pytest.mark.parametrize("kills", [2, pytest.param(50, marks=[pytest.mark.soak, pytest.mark.timeout(1500)])])
def test_P08_kills_at_random_moments_lose_nothing(stack, tmp_path, kills):
    chance, files = random.Random(SEED + kills), []
    for number in range(kills):
        for _ in range(2):
            files.append(new_file(tmp_path, 1000 * kills + len(files)))
            stack.drop(files[-1])
        time.sleep(chance.uniform(0.2, 5))
        kill(stack)
        if number % 5 == 0:
            must_hold(stack, files)
    wait_until(lambda: not any((stack.data / "imports").iterdir()), 180 + 20 * kills, "the queue does not drain")
    must_hold(stack, files)
    ids = [stack.media(file.name)["id"] for file in files]
    assert stack.sluice("media", "verify", *ids, check=False).count("\n") <= 1, "what was made is not what is there"
    for file, media in zip(files, ids, strict=True):
        back = stack.data / f"{media}.back"
        stack.sluice("media", "original", media, str(back))
        assert back.read_bytes() == file.read_bytes()
    assert not list((stack.data / "quarantine").glob(f"*/{files[0].stem}*"))

"""A drive that goes away and comes back: 503 meanwhile, nothing deleted, nobody else disturbed (threat U15)."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.e2e.people import wait_until
from tests.stack import SETTINGS, running

DRIVE = """
[[mounts]]
name = "drive"
path = "{data}/drive"
"""


def mounted(*command) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """With a drive of its own, as a file system in memory: mounting needs root."""
    with running(SETTINGS + DRIVE) as stack:
        drive = stack.data / "drive"
        drive.mkdir()
        if not mounted("mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "none", drive):
            pytest.skip("this account may not mount")
        try:
            yield stack
        finally:
            subprocess.run(["umount", "-l", drive], capture_output=True)


def state(stack) -> str:
    return next((m["state"] for m in json.loads(stack.sluice("mount", "list", "--json")) if m["name"] == "drive"), "")


def test_U15_a_drive_that_is_unmounted_answers_503_and_loses_nothing(stack):
    drive = stack.data / "drive"
    (drive / "song.mp3").write_bytes(b"la la la" * 1000)
    stack.place(b"other", stack.data / "shelf" / "other.mp3")
    song, other = stack.wait_for_media("song.mp3", seconds=60), stack.wait_for_media("other.mp3", seconds=60)
    client = stack.session()
    stream = client.post("/api/links", json={"media_id": song["id"], "kind": "stream"}).json()["url"]
    places = [f"/api/media/{song['id']}/original", f"/api/media/stream/{song['id']}", stream]
    assert [client.get(place).status_code for place in places] == [200, 200, 200]
    wait_until(lambda: state(stack) == "here", 20)

    subprocess.run(["umount", "-l", drive], check=True)
    wait_until(lambda: state(stack) == "away", 20, "the drive is gone and nobody noticed")
    for place in places:
        answer = client.get(place)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "MEDIA_006"), place
        assert int(answer.headers["Retry-After"]) > 0 and "not mounted" in answer.json()["error"]["details"]
    assert client.get(f"/api/media/{other['id']}/original").content == b"other"
    assert stack.media("song.mp3")["id"] == song["id"]

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "none", drive], check=True)
    (drive / "song.mp3").write_bytes(b"la la la" * 1000)
    wait_until(lambda: client.get(places[0]).status_code == 200, 20, "it did not come back")
    assert stack.media("song.mp3")["id"] == song["id"]

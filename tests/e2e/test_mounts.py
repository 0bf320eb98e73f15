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


def test_U15_a_drive_that_is_unmounted_answers_503_and_loses_nothing(stack):
    drive = stack.data / "drive"
    (drive / "song.mp3").write_bytes(b"la la la" * 1000)
    stack.place(b"other", stack.data / "shelf" / "other.mp3")
    song, other = stack.wait_for_media("song.mp3"), stack.wait_for_media("other.mp3")
    client = stack.session()
    stream = client.post("/api/links", json={"media_id": song["id"], "kind": "stream"}).json()["url"]
    places = [f"/api/media/{song['id']}/original", f"/api/media/stream/{song['id']}", stream]
    assert [client.get(place).status_code for place in places] == [200, 200, 200]
    wait_until(lambda: stack.mount("drive")["state"] == "here")
    listed = {mount["name"]: mount["state"] for mount in json.loads(stack.sluice("mount", "list", "--json"))}
    assert listed["drive"] == "here"

    subprocess.run(["umount", "-l", drive], check=True)
    wait_until(lambda: stack.mount("drive")["state"] == "away", what="the drive is gone and nobody noticed")
    wait_until(lambda: {client.get(places[0]).status_code for _ in range(8)} == {503}, what="some worker does not know")
    for place in places:
        answer = client.get(place)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "MEDIA_006"), place
        assert int(answer.headers["Retry-After"]) > 0 and "not mounted" in answer.json()["error"]["details"]
    assert client.get(f"/api/media/{other['id']}/original").content == b"other"
    ready = client.get("/readyz")  # everything else is served
    assert (ready.status_code, ready.json()["status"], ready.json()["checks"]["mounts"]) == (200, "ready", False)
    assert stack.media("song.mp3")["id"] == song["id"]

    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=755", "none", drive], check=True)
    (drive / "song.mp3").write_bytes(b"la la la" * 1000)
    wait_until(lambda: client.get(places[0]).status_code == 200, what="it did not come back")
    assert stack.media("song.mp3")["id"] == song["id"]


def test_U15_a_file_that_is_gone_leaves_the_library_and_a_great_loss_waits_for_a_yes(stack):
    shelf, album = stack.data / "shelf", stack.data / "shelf" / "album"
    album.mkdir()
    for number in range(12):
        stack.place(b"x" * (number + 1), (album if 1 <= number <= 8 else shelf) / f"track-{number:02}.mp3")
    for number in range(12):
        stack.wait_for_media(f"track-{number:02}.mp3")
    (shelf / "track-00.mp3").unlink()
    wait_until(lambda: stack.media("track-00.mp3") is None, what="one file that is gone is believed")

    album.rename(stack.data / "elsewhere")  # all at once: a scan may come at any time
    wait_until(lambda: stack.mount("shelf")["missing"] == 8, what="the great loss was not noticed")
    assert stack.media("track-01.mp3") and stack.media("track-08.mp3")
    album.mkdir()
    stack.place(b"x" * 2, album / "track-01.mp3")  # some of it comes back by itself
    wait_until(lambda: stack.mount("shelf")["missing"] == 7)
    assert json.loads(stack.sluice("mount", "confirm", "shelf", "--json"))["dropped_at_the_next_scan"] == 7
    wait_until(lambda: stack.media("track-08.mp3") is None, what="what was confirmed was not dropped")
    assert stack.media("track-01.mp3") and stack.media("track-11.mp3")
    wait_until(lambda: stack.mount("shelf")["missing"] == 0)
    assert not stack.sluice("mount", "confirm", "shelf", check=False)

"""A full disk stops no film that is there and loses none that comes: the import waits, says so, and goes on by itself."""

from __future__ import annotations

import re

import pytest

from control import vault
from tests.e2e.hls import rungs, segments
from tests.e2e.people import wait_until
from tests.e2e.pipeline.conftest import LONG_SECONDS, MIB, RESERVED, job

H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "30M", "-maxrate", "30M", "-bufsize", "30M", "-g", "25",
        "-pix_fmt", "yuv420p"]  # fmt: skip


@pytest.fixture(scope="module")
def there(stack, short_film) -> dict:
    """A film that was there before."""
    return stack.wait_for_media(stack.drop(short_film, "there.mp4"))


def play(viewer, media: dict) -> float:
    """Fetch and decrypt each segment of each rung; how many seconds they have."""
    url = f"/api/media/stream/{media['id']}"
    found = [part for rung in rungs(viewer, url, viewer.get(url).text).values() for part in segments(viewer, rung)]
    for part in found:
        assert vault.decrypt(viewer.get(part.key_url).content, viewer.get(part.url).content, part.iv)[:1] == b"\x47"
    return sum(part.seconds for part in found)


def paused(admin, name: str) -> bool:
    found = job(admin, name)
    return (
        bool(found and found["error"]) and found["error"].startswith("Paused:") and found["error_code"] == "SYSTEM_005"
    )


def files_of(stack, media: str) -> list[str]:
    return [
        path.name for place in (stack.data / "vault").glob(f"*/{media}") for path in place.rglob("*") if path.is_file()
    ]


def log_of(stack, media: str) -> list[str]:
    lines = (stack.data / "logs/processor.log").read_text().splitlines()
    return [event for line in lines if media in line for event in re.findall(r'"event": "(\w+)"', line)]


def test_an_import_waits_for_room_and_goes_on(stack, admin, disk, there, long_film):
    disk.leave(12 * MIB + RESERVED)
    stack.drop(long_film, "waits.mp4")
    wait_until(lambda: paused(admin, "waits.mp4"), 180)
    found = job(admin, "waits.mp4")
    assert (found["state"], found["attempts"]) == ("paused", 0)
    assert "vault/ has less than 4 MiB left" in found["error"]
    assert play(stack.session(), there) == pytest.approx(3, abs=0.2)
    assert all(admin.get(page).status_code == 200 for page in ("/", "/api/media/library", "/readyz"))
    so_far = sorted(files_of(stack, found["media_id"]))
    assert not [name for name in so_far if name.startswith(".") or name.endswith(".part")]
    growing = stack.media("waits.mp4")
    assert growing["state"] == "playable" and 0 < play(stack.session(), growing) < LONG_SECONDS - 2  # what is listed is there
    disk.leave(200 * MIB)
    whole = stack.wait_for_media("waits.mp4")
    assert play(stack.session(), whole) == pytest.approx(LONG_SECONDS, abs=0.2) and whole["error"] is None
    assert set(so_far) < set(files_of(stack, whole["id"]))  # it went on; it did not begin again
    assert log_of(stack, whole["id"]).count("processing") == 1
    assert "processing_failed" not in log_of(stack, whole["id"])


def test_what_ran_into_a_full_disk_leaves_nothing_and_is_made_later(stack, admin, disk, there, noise):
    """Not even its first segment fits."""
    disk.leave(2 * MIB + RESERVED)
    stack.drop(noise("copied.mp4", 12, *H264), "copied.mp4")
    wait_until(lambda: paused(admin, "copied.mp4"), 180)
    media = job(admin, "copied.mp4")["media_id"]
    assert job(admin, "copied.mp4")["error"] == "Paused: a disk is full."
    wait_until(lambda: not files_of(stack, media) and stack.media("copied.mp4")["state"] == "processing")
    assert (stack.data / "imports/copied.mp4").exists()
    assert play(stack.session(), there) == pytest.approx(3, abs=0.2)
    disk.leave(200 * MIB)
    whole = stack.wait_for_media("copied.mp4")
    assert play(stack.session(), whole) == pytest.approx(24, abs=0.5)  # the copy and the rung
    assert "no_room" in log_of(stack, media) and "processing_failed" not in log_of(stack, media)


@pytest.mark.parametrize("way", ["before it is full", "once it is full"])
def test_an_import_that_waits_for_room_can_be_cancelled(stack, admin, disk, there, long_film, noise, way):
    disk.leave(RESERVED + (12 * MIB if way == "before it is full" else 2 * MIB))
    film = long_film if way == "before it is full" else noise("hard.mp4", 12, *H264)
    name = stack.drop(film, f"{way}.mp4")
    wait_until(lambda: paused(admin, name), 180)
    media = job(admin, name)["media_id"]
    assert admin.post(f"/api/admin/queue/{media}/cancel").status_code == 200
    wait_until(lambda: job(admin, name)["state"] == "failed")
    assert job(admin, name)["error_code"] == "MEDIA_009" and not files_of(stack, media)
    assert (stack.data / "quarantine" / media / "file").stat().st_size == film.stat().st_size


def test_a_photo_waits_as_well(stack, admin, disk, there, photos):
    disk.leave(RESERVED // 2)
    stack.drop(photos[0], "waits.jpg")
    wait_until(lambda: paused(admin, "waits.jpg"))
    disk.leave(20 * MIB)
    assert stack.wait_for_media("waits.jpg")["error"] is None

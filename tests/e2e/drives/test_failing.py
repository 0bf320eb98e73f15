"""A drive that hangs, fails, vanishes or is empty: 503 meanwhile, nothing deleted, nobody else waits (threat U15)."""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.e2e.drives.cloud import Passers, ask, ask_at_once, assert_away, mounted, p99
from tests.e2e.people import wait_until
from tests.fuse_stub import unmount
from tests.stack import PATIENCE

FLOOR_SECONDS = 0.05


@dataclass(frozen=True)
class Within:
    """How long an answer may take, in seconds."""

    answered: float = PATIENCE  # nobody knows yet: Nginx loses its patience after ten
    told: float = PATIENCE  # everybody knows
    others: int = 35  # so many answers of others are looked at; each way is asked in turn


@pytest.fixture(params=[Within(), pytest.param(Within(12.5, 2, 210), marks=pytest.mark.soak)], ids=["soon", "at once"])
def within(request) -> Within:
    """Times are judged in the long form alone: beside other tests they tell how busy the machine is."""
    return request.param


@pytest.fixture
def others(stack, film, healthy):
    """A film's segment, a static file, and the healthy mount in every way."""
    client = stack.session()
    playlist = next(
        line
        for line in client.get(f"/api/media/stream/{film['id']}").text.splitlines()
        if line.startswith("/hls/") and "360p" in line
    )
    link = client.post("/api/links", json={"media_id": healthy["id"], "kind": "d", "ttl": 600}).json()["url"]
    return Passers(
        client,
        [playlist, playlist.replace("index.m3u8", "seg_00000.ts"), playlist.replace("index.m3u8", "key/0"),
         "/static/app.css", link.removeprefix(stack.url), f"/api/media/{healthy['id']}/original", "/api/auth/me"],
    )  # fmt: skip


def everything(cloud, client) -> list[str]:
    return [path for song in cloud.songs for path in cloud.addresses(client, song)]


def assert_back(cloud, client, library, source) -> None:
    """By itself, with every item under its old id and every byte."""
    cloud.wait("here")
    song = cloud.songs[0]
    for path in cloud.addresses(client, song):
        wait_until(lambda path=path: client.get(path).status_code == 200, what=f"{path} did not come back")
        assert client.get(path).content == (source / song["name"]).read_bytes()
    assert cloud.library() == library


def test_U15_a_drive_that_hangs_hangs_nobody_else(stack, cloud, source, others, within):
    client, library = stack.session(), cloud.library()
    paths = list(itertools.islice(itertools.cycle(everything(cloud, client)), 20))
    normal = p99(others.ask(within.others))

    cloud.fuse.set("hang")
    with others.asking() as answers:
        dead = ask_at_once(lambda: clone(stack, client), paths)
        wait_until(lambda: len(answers) >= within.others)
    assert_away(dead, within.answered)
    if within.told < PATIENCE:
        assert p99(answers) < max(3 * normal, FLOOR_SECONDS), (p99(answers), normal)

    assert "not answer" in cloud.wait("away")["reason"]
    assert_away([ask(client, path) for path in paths[:6]], within.told)
    assert cloud.library() == library
    cloud.fuse.set("ok")
    assert_back(cloud, client, library, source)


def clone(stack, client):
    """The same person on a connection of its own."""
    own = stack.session(None)
    own.cookies.update(client.cookies)
    return own


def test_U15_signed_downloads_are_refused_at_once_while_control_is_stopped(stack, cloud, within):
    client = stack.session()
    link = cloud.addresses(client, cloud.songs[1])[-1]
    cloud.fuse.set("hang")
    cloud.wait("away")
    with stack.stopped("sluice:control"):
        assert_away([ask(client, link)], within.told)
    wait_until(lambda: client.get("/readyz").status_code == 200)


def test_U15_a_transfer_whose_drive_hangs_in_the_middle_ends(stack, cloud, source, others, within):
    client, long = stack.session(), stack.media("long.mp3")
    answer = client.get(f"/api/media/{long['id']}/original", stream=True)
    received = len(next(answer.iter_content(1 << 16)))
    cloud.fuse.set("hang")
    begun = time.monotonic()
    with others.asking() as answers, pytest.raises(requests.exceptions.RequestException):
        for chunk in answer.iter_content(1 << 16):
            received += len(chunk)
    assert answer.status_code == 200 and received < (source / "long.mp3").stat().st_size
    assert time.monotonic() - begun < within.answered and len(answers) >= within.others


def test_U15_a_drive_that_fails_to_read_is_away_from_its_first_byte_on(stack, cloud, source, within):
    client, library = stack.session(), cloud.library()
    paths = [path for song in cloud.songs[:4] for path in cloud.addresses(client, song)]
    cloud.fuse.set("eio")
    assert_away([ask(client, path) for path in paths], within.told)  # before anybody has looked at the drive, too
    assert "cannot be read" in cloud.wait("away")["reason"]
    assert_away([ask(client, path) for path in paths], within.told)
    assert cloud.library() == library
    cloud.fuse.set("ok")
    assert_back(cloud, client, library, source)


def test_U15_a_drive_that_vanishes_is_away_until_it_is_mounted_again(stack, cloud, source, within):
    client, library = stack.session(), cloud.library()
    paths = cloud.addresses(client, cloud.songs[2])
    cloud.fuse.kill()
    assert_away([ask(client, path) for path in paths], within.told)
    assert "cannot be read" in cloud.wait("away")["reason"]
    unmount(cloud.fuse.mount_point)
    wait_until(lambda: "not mounted" in cloud.state["reason"])
    assert_away([ask(client, path) for path in paths], within.told)
    assert cloud.library() == library
    with mounted(stack, source) as again:
        assert_back(again, client, library, source)


def test_U15_a_drive_that_lists_nothing_is_away_and_loses_nothing(stack, cloud, source, within):
    client, library = stack.session(), cloud.library()
    paths = cloud.addresses(client, cloud.songs[3])
    cloud.fuse.set("empty")
    found = cloud.wait("away")
    assert "empty" in found["reason"] and found["missing"] == len(library)
    assert_away([ask(client, path) for path in paths], within.told)
    time.sleep(3)  # several scans
    assert cloud.library() == library
    cloud.fuse.set("ok")
    assert_back(cloud, client, library, source)
    wait_until(lambda: cloud.state["missing"] == 0)
    assert not stack.sluice("mount", "confirm", "cloud", check=False)


def test_U15_an_empty_drive_is_believed_after_a_yes(stack, cloud, source):
    client, library = stack.session(), cloud.library()
    cloud.fuse.set("empty")
    cloud.wait("away")
    stack.sluice("mount", "confirm", "cloud")
    wait_until(lambda: cloud.library() == {}, what="what was confirmed was not dropped")
    assert cloud.wait("here")["missing"] == 0
    cloud.fuse.set("ok")
    wait_until(lambda: cloud.library() == library, what="they did not come back as the same media")
    assert_back(cloud, client, library, source)


def test_P11_nobody_piles_up_looks_before_a_drive_that_hangs(stack, cloud):
    cloud.fuse.set("hang")
    cloud.wait("away")
    time.sleep(3)
    wait_until(lambda: len(looks_at(cloud.fuse.mount_point)) == 1, what="there are many looks, or none")


def looks_at(mount_point: Path) -> list[str]:
    """The processes that look whether a mount is there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if b"scandir" in command and bytes(mount_point) in command:
                found.append(process.name)
    return found

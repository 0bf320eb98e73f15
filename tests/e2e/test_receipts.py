"""What people fetch through the real Nginx becomes receipts; through HTTP/1.1 and HTTP/2."""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from urllib.parse import urljoin

import pytest

from nginx import contract
from tests.e2e.hls import rungs, segments

WAIT_SECONDS = 60


@pytest.fixture(scope="module")
def client(stack):
    return stack.session()


@pytest.fixture(scope="module")
def me(stack) -> str:
    return stack.query("SELECT id FROM users WHERE username = 'admin'")


@pytest.fixture(params=["1.1", "2"])
def get(request, stack, client):
    """get(url, *curl's arguments) -> agent: fetched by a program of that name, signed in as the administrator."""

    def get(url: str, *arguments: str) -> str:
        agent = secrets.token_hex(8)
        cookie = f"{contract.ACCESS_COOKIE.name}={client.cookies[contract.ACCESS_COOKIE.name]}"
        command = [
            "curl", "-s", "--cacert", stack.data / "tls/certificate.pem", f"--http{request.param}", "-A", agent,
            "-b", cookie, "-o", "/dev/null", *arguments, urljoin(stack.url, url),
        ]  # fmt: skip
        subprocess.run(command)  # one that is broken off fails
        return agent

    return get


def receipts(stack, agent: str, count: int = 1) -> list[dict]:
    """The receipts of a program, once there are so many."""
    deadline = time.monotonic() + WAIT_SECONDS
    sql = f"SELECT coalesce(json_agg(r ORDER BY at), '[]') FROM receipts r WHERE agent = '{agent}'"
    while len(found := json.loads(stack.query(sql))) < count:
        assert time.monotonic() < deadline, f"{count} receipts of {agent}: {found}"
        time.sleep(0.1)
    return found


def test_a_segment_its_playlist_and_its_key(stack, client, film, get, me):
    master = client.get(f"/api/media/stream/{film['id']}")
    playlist = urljoin(stack.url, rungs(client, master.url, master.text)["360p"])
    segment = segments(client, playlist)[1]
    for url, kind, number in ((segment.url, "segment", 1), (playlist, "playlist", None), (segment.key_url, "key", 0)):
        (row,) = receipts(stack, get(url))
        assert (row["kind"], row["rung"], row["segment"], row["media_id"]) == (kind, "360p", number, film["id"])
        assert row["user_id"] == me and len(row["grant_id"]) == 32 and row["complete"] and row["status"] == 200
        assert (row["range_start"], row["range_end"]) == (0, row["bytes"]) and row["bytes"] > 0
        assert row["address"] in ("127.0.0.1", "::1")


def test_a_range_of_an_original(stack, shelved, get, me):
    (row,) = receipts(stack, get(f"/api/media/{shelved['id']}/original", "-r", "10-19"))
    assert (row["kind"], row["media_id"], row["status"]) == ("original", shelved["id"], 206)
    assert (row["range_start"], row["range_end"], row["size"], row["bytes"]) == (10, 20, shelved["size_bytes"], 10)
    assert row["user_id"] == me  # control's verdict on what a drive's Nginx sent


@pytest.mark.parametrize("kind", ["d", "stream"])
def test_a_signed_link(stack, client, shelved, get, kind):
    url = client.post("/api/links", json={"media_id": shelved["id"], "kind": kind, "ttl": 600}).json()["url"]
    (row,) = receipts(stack, get(url))
    assert (row["kind"], row["media_id"]) == ({"d": "link", "stream": "stream"}[kind], shelved["id"])
    assert (row["range_start"], row["range_end"], row["complete"]) == (0, shelved["size_bytes"], True)


def test_a_still_and_an_encrypted_picture(stack, photo, get, me):
    for url, kind in (
        (f"/api/media/thumbnail/{photo['id']}", "still"),
        (f"/api/media/stream/{photo['id']}", "picture"),
    ):
        (row,) = receipts(stack, get(url))
        assert (row["kind"], row["media_id"]) == (kind, photo["id"])
    assert receipts(stack, get(f"/api/media/thumbnail/{photo['id']}"))[0]["user_id"] == me  # by Nginx's cache


@pytest.fixture(scope="module")
def large(stack) -> dict:
    """A song of which a client can leave most behind."""
    stack.place(bytes(40_000_000), stack.data / "shelf" / "broken off.mp3")
    return stack.wait_for_media("broken off.mp3", seconds=60)


def test_a_download_that_is_broken_off(stack, large, get):
    (row,) = receipts(stack, get(f"/api/media/{large['id']}/original", "--limit-rate", "1M", "--max-time", "2"))
    assert (row["status"], row["complete"], row["range_start"]) == (200, False, 0)
    assert row["range_end"] == row["bytes"] < large["size_bytes"] == row["size"]


def test_what_brings_no_bytes_is_no_receipt(stack, shelved, client, get):
    url = f"/api/media/{shelved['id']}/original"
    tag = client.head(url).headers["ETag"]
    agents = [get(url, "-I"), get(url, "-H", f"If-None-Match: {tag}"), get(url, "-r", "999999999-"), get("/library")]
    receipts(stack, get(url))  # a later one is there, so the earlier ones would be
    asked = ", ".join(f"'{agent}'" for agent in agents)
    assert stack.query(f"SELECT count(*) FROM receipts WHERE agent IN ({asked})") == "0"


def test_the_command_says_how_far_it_has_got(stack, client, shelved):
    client.get(f"/api/media/{shelved['id']}/original")
    before = stack.query("SELECT count(*) FROM receipts")
    status = json.loads(stack.sluice("receipts", "status", "--json"))
    assert status["file"] == "access.log" and status["position"] > 0 and status["bad_lines"] == 0
    assert sum(status["days"].values()) >= int(before) > 0 and status["lag_seconds"] >= 0


def test_a_log_that_is_put_aside_loses_nothing(stack, shelved, get):
    """Renamed and reopened by hand, as the processor does it with a large one."""
    agents = [get(f"/api/media/{shelved['id']}/original", "-r", "0-0")]
    (stack.data / "logs/access.log").rename(stack.data / f"logs/access.log.{secrets.token_hex(4)}")
    agents.append(get(f"/api/media/{shelved['id']}/original", "-r", "0-0"))
    stack.supervisor("signal", "USR1", "sluice:nginx")
    agents.append(get(f"/api/media/{shelved['id']}/original", "-r", "0-0"))
    assert [len(receipts(stack, agent)) for agent in agents] == [1, 1, 1]

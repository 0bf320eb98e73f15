"""A mounted file, which an Nginx of its own reads, answers exactly as a file does that the main one reads."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import CANARY

SECURITY = ("Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cache-Control",
            "Content-Type", "Content-Length", "ETag", "Last-Modified")  # fmt: skip


@pytest.fixture(scope="module")
def ways(stack, shelved) -> dict[str, str]:
    return ways_to(stack, shelved)


def ways_to(stack, media: dict) -> dict[str, str]:
    """The player's address and the two kinds of links to one mounted song."""
    client = stack.session()
    links = {
        kind: client.post("/api/links", json={"media_id": media["id"], "kind": kind, "ttl": 600}).json()["url"]
        for kind in ("d", "stream")
    }
    return {"player": f"/api/media/{media['id']}/original"} | {k: v.removeprefix(stack.url) for k, v in links.items()}


@pytest.fixture(params=["player", "d", "stream"])
def way(request, ways) -> str:
    return ways[request.param]


@pytest.fixture(scope="module")
def whole(stack) -> bytes:
    return CANARY + bytes(range(256)) * 400 + CANARY


@pytest.fixture(scope="module")
def client(stack):
    return stack.session()


def test_the_whole_file_with_each_header_once(client, way, whole):
    answer = client.get(way)
    assert (answer.status_code, answer.content) == (200, whole)
    # Repeated headers are joined by commas (RFC 9110 5.3); urllib3 keeps them apart.
    assert {name: len(answer.raw.headers.getlist(name)) for name in SECURITY} == dict.fromkeys(SECURITY, 1)
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["Content-Type"] == "audio/mpeg" and answer.headers["Accept-Ranges"] == "bytes"
    assert "Server" not in answer.headers or answer.headers["Server"] == "nginx"


def test_control_names_the_file_and_a_link_of_nginx_alone_does_not(client, ways):
    assert 'filename="song.mp3"' in client.get(ways["player"]).headers["Content-Disposition"]
    assert client.get(ways["player"] + "?download=true").headers["Content-Disposition"].startswith("attachment")
    assert "Content-Disposition" not in client.get(ways["d"]).headers


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=1000-", slice(1000, None)), ("bytes=-15", slice(-15, None))],
)
def test_a_range(client, way, whole, asked, part):
    answer = client.get(way, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, whole[part])
    start = range(len(whole))[part].start
    assert answer.headers["Content-Range"] == f"bytes {start}-{start + len(answer.content) - 1}/{len(whole)}"


def test_conditions(client, way, whole):
    first = client.head(way)
    assert (first.content, int(first.headers["Content-Length"])) == (b"", len(whole))
    tag, date = first.headers["ETag"], first.headers["Last-Modified"]
    for headers, status in (
        ({"If-None-Match": tag}, 304), ({"If-Modified-Since": date}, 304), ({"If-None-Match": '"other"'}, 200),
        ({"If-Match": '"other"'}, 412), ({"If-Unmodified-Since": "Thu, 01 Jan 1998 00:00:00 GMT"}, 412),
        ({"Range": "bytes=0-1", "If-Range": tag}, 206), ({"Range": "bytes=0-1", "If-Range": '"other"'}, 200),
        ({"Range": "bytes=0-1,5-6"}, 200),
    ):  # fmt: skip
        answer = client.get(way, headers=headers)
        assert answer.status_code == status, headers
        assert status != 304 or answer.headers["ETag"] == tag


def test_refusals_are_ours(stack, client, whole):
    """Its file is its own: one that is not there for a moment may leave the library for as long."""
    song = stack.data / "shelf" / "leaving.mp3"
    stack.place(whole, song)
    leaving = ways_to(stack, stack.wait_for_media(song.name))
    for way in leaving.values():
        beyond = client.get(way, headers={"Range": f"bytes={len(whole)}-"})
        assert (beyond.status_code, beyond.json()["error"]["code"]) == (416, "FILE_005")
        assert beyond.headers["Content-Range"] == f"bytes */{len(whole)}"
        ours(beyond)
    song.unlink()
    for gone in map(client.get, leaving.values()):
        assert (gone.status_code, gone.json()["error"]["code"]) in ((404, "FILE_002"), (404, "MEDIA_001"))
        ours(gone)


def ours(answer) -> None:
    assert answer.headers["Content-Type"].startswith("application/json")
    assert "Content-Disposition" not in answer.headers and len(answer.raw.headers.getlist("Content-Type")) == 1


def test_a_signed_download_is_for_reading(client, ways):
    answer = client.post(ways["d"], data=b"x" * 1000)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "FILE_003")
    assert client.get(ways["d"]).status_code == 200


def test_two_requests_on_one_connection(stack, ways):
    """The length is always said, so the connection to the client stays open."""
    head = f"GET {ways['d']} HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-3\r\n"
    answer = stack.raw((f"{head}\r\n{head}Connection: close\r\n\r\n").encode())
    assert answer.count(b"HTTP/1.1 206") == 2


def test_the_log_says_what_control_answered_and_what_the_client_got(stack, client, ways):
    start = len(stack.deliveries())
    for way in ways.values():
        client.get(way, headers={"Range": "bytes=2-5"})
    player, download, stream = stack.wait_for_deliveries(start, lambda line: line["range"] == "bytes=2-5", 3)
    assert [line["status"] for line in (player, download, stream)] == [206] * 3
    assert (player["control"], download["control"], stream["control"]) == ("200", "", "200")
    assert player["bytes"] == download["bytes"] == 4


def test_no_drive_can_be_reached_from_outside(stack):
    """Its Nginx listens on a socket in a directory that is the account's alone."""
    assert (stack.data / "run/shelf.drive").is_socket()
    assert (stack.data / "run").stat().st_mode & 0o077 == 0


def test_slow_clients_pin_neither_memory_nor_disk(stack, client):
    """Forty people who have paused a film: one buffer each, and no copy of the film anywhere."""
    stack.place(bytes(30_000_000), stack.data / "shelf" / "paused.mp3")
    media = stack.wait_for_media("paused.mp3")
    before = memory(stack)
    paused = [client.get(f"/api/media/{media['id']}/original", stream=True) for _ in range(40)]
    for answer in paused:
        next(answer.iter_content(1000))
    time.sleep(2)
    grown, copies = memory(stack) - before, [path for path in (stack.data / "nginx/proxy").rglob("*") if path.is_file()]
    for answer in paused:
        answer.close()
    assert (grown < 40_000_000, copies) == (True, []), grown


def memory(stack) -> int:
    """What the workers of the main Nginx and of the mount's own take, in bytes."""
    pids = [pid for program in ("sluice:nginx", "drives:drive-shelf") for pid in stack.pids(program)]
    status = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return sum(int(re.search(r"RssAnon:\s+(\d+)", text)[1]) * 1024 for text in status)

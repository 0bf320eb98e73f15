"""Live events through Nginx: who hears what, how a stream ends, and what a flood does."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import make
from tests.e2e.listening import Listener
from tests.e2e.people import PASSWORD, add_user, bearer, sign_in, wait_until


@pytest.fixture
def ann(stack) -> str:
    return add_user(stack)


EVERY_SECONDS = 1  # a topic is told at most so often


@pytest.fixture
def follow(stack):
    """Listeners of the test's own, which leave at its end."""
    listeners = []

    def follow(name: str | None, topics: str) -> Listener:
        listeners.append(Listener(stack.session(name, PASSWORD if name else None), topics))
        listeners[-1].wait("live")
        return listeners[-1]

    yield follow
    for listener in listeners:
        listener.leave()


@pytest.fixture(scope="module")
def picture(stack, tmp_path_factory) -> dict:
    file = make(tmp_path_factory.mktemp("media") / "told.jpg", "-f", "lavfi", "-i", "testsrc=size=64x48", "-frames:v", "1")
    return stack.wait_for_media(stack.drop(file, "told.jpg"))


def test_a_change_is_told_to_those_who_may_see_it(stack, follow, ann, picture):
    editor, viewer = stack.session(), follow(ann, "media")
    editor.patch(f"/api/media/{picture['id']}", json={"tags": ["told"]}).raise_for_status()
    viewer.wait("media", id=picture["id"])
    editor.patch(f"/api/media/{picture['id']}", json={"visibility": "private"}).raise_for_status()
    own = add_user(stack, "admin")
    root = follow(own, "media,users,queue,mounts")
    before = len(viewer.heard)
    editor.patch(f"/api/media/{picture['id']}", json={"tags": ["hidden"]}).raise_for_status()
    root.wait("media", id=picture["id"])
    editor.patch(f"/api/media/{picture['id']}", json={"visibility": "library"}).raise_for_status()
    viewer.wait("media", since=before, id=picture["id"])
    assert len(viewer.heard) == before + 1  # told of its return alone


def test_one_hears_of_ones_own_devices_and_nobody_elses(stack, follow, ann):
    other = add_user(stack)
    mine, others = follow(ann, "sessions"), follow(other, "sessions")
    sign_in(stack, other)
    others.wait("sessions")
    time.sleep(2 * EVERY_SECONDS)  # one's own sign-ins may be told by a second one
    before = len(others.heard)
    sign_in(stack, ann)
    mine.wait("sessions")
    sign_in(stack, add_user(stack))
    assert len(others.heard) == before


def test_a_killed_session_is_told_and_its_stream_ends(stack, ann):
    client = stack.session(None)
    client.headers.update(bearer(sign_in(stack, ann)["access_token"]))
    listener = Listener(client, "sessions,media")
    listener.wait("live")
    session = client.get("/api/sessions").json()["sessions"][0]["id"]
    stack.session().delete(f"/api/sessions/{session}").raise_for_status()
    listener.wait_for_its_end()
    assert listener.heard[-1] == ("end", {"code": "AUTH_004"})


def test_a_stream_is_no_activity(stack, follow, ann):
    quiet, busy = ann, add_user(stack)

    def seen(name: str) -> str:
        return stack.query(
            f"SELECT last_activity_at < now() - interval '9 minutes' FROM sessions JOIN users u ON u.id = user_id "
            f"WHERE username = '{name}'"
        )

    clients = [stack.session(name, PASSWORD) for name in (quiet, busy)]
    for name in (quiet, busy):
        stack.query(
            "UPDATE sessions SET last_activity_at = now() - interval '10 minutes' FROM users u "
            f"WHERE u.id = user_id AND username = '{name}'"
        )
    listener = Listener(clients[0], "media")
    listener.wait("live")
    for _ in range(20):  # by each worker
        clients[1].get("/api/auth/me").raise_for_status()
    wait_until(lambda: seen(busy) == "f", what="no clock was written")
    assert seen(quiet) == "t"
    listener.leave()


# --- G16: channels of others, and floods ----------------------------------------------------------


@pytest.mark.parametrize("rounds", [1000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_G16_nobody_names_a_channel_of_others_and_a_flood_makes_nothing(stack, ann, rounds):
    client, log = stack.session(ann, PASSWORD), stack.data / "logs/nginx-error.log"
    workers, size = stack.pids("sluice:control")[1:], log.stat().st_size
    channels = stack.redis("PUBSUB", "CHANNELS", "*")
    before = sum(map(resident, workers))
    for topics in ("queue", "mounts", "users", "media,queue"):
        assert client.get("/api/events", params={"topics": topics}).status_code == 403, topics
    for topics in ("sessions:admin", "sessions/admin", "*", "sluice:changed", "", "media,,", "\x00"):
        assert client.get("/api/events", params={"topics": topics}).status_code == 400, topics
    for number in range(rounds):
        assert client.get(f"/api/events?topics=c{number}").status_code == 400
    assert stack.session(None).get("/api/events?topics=media").status_code == 401
    assert stack.redis("PUBSUB", "CHANNELS", "*") == channels
    assert stack.pids("sluice:control")[1:] == workers
    assert sum(map(resident, workers)) - before < 30 << 20
    assert b"signal" not in log.read_bytes()[size:]


def test_G16_a_session_holds_so_many_streams_and_no_more(stack, ann):
    """Eight at each of two workers. Those that were left make room at once."""
    client = stack.session(ann, PASSWORD)
    held = [client.get("/api/events?topics=media", stream=True) for _ in range(30)]
    codes = [answer.status_code for answer in held]
    assert set(codes) == {200, 429} and codes.count(200) <= 16
    for answer in held:
        answer.close()
    wait_until(lambda: opens(client), what="those that were left still count")


def opens(client) -> bool:
    with client.get("/api/events?topics=media", stream=True) as answer:
        return answer.status_code == 200


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# --- H08: a reload of Nginx under what is being transferred ---------------------------------------


def test_H08_a_reload_of_nginx_ends_no_stream_no_range_and_no_upload(stack, follow, ann, picture):
    log = stack.data / "logs/nginx-error.log"
    size, content = log.stat().st_size, os.urandom(12 << 20)
    stack.place(content, stack.data / "gate" / "large.bin")
    listener, token = follow(ann, "media"), sign_in(stack, ann)["access_token"]
    got, sent = [], []
    transfers = [
        threading.Thread(target=lambda: got.append(slow_range(stack, token, reload=lambda: reload_nginx(stack)))),
        threading.Thread(target=lambda: sent.append(slow_upload(stack, token, content[: 4 << 20]))),
    ]
    for transfer in transfers:
        transfer.start()
    for transfer in transfers:
        transfer.join()
    assert got == [content[1:]]
    assert [answer.split(b" ")[1] for answer in sent] == [b"200"], sent
    before = len(listener.heard)
    stack.session().patch(f"/api/media/{picture['id']}", json={"tags": ["reloaded"]}).raise_for_status()
    listener.wait("media", since=before, id=picture["id"])
    assert b"signal" not in log.read_bytes()[size:]


def reload_nginx(stack) -> None:
    os.kill(int((stack.data / "run/nginx.pid").read_text()), signal.SIGHUP)


def slow_range(stack, token: str, reload) -> bytes:
    """All of the file but its first byte, with a reload after each third of it."""
    with stack._connected() as connection:
        head = f"GET /gate/large.bin HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nRange: bytes=1-\r\n"
        connection.sendall(head.encode() + b"Connection: close\r\n\r\n")
        received, marks = b"", [4 << 20, 8 << 20]
        while chunk := connection.recv(65536):
            received += chunk
            if marks and len(received) > marks[0]:
                marks.pop(0)
                reload()
        return received.partition(b"\r\n\r\n")[2]


def slow_upload(stack, token: str, content: bytes) -> bytes:
    """A file as one part, in two halves with a reload between them."""
    client = stack.session(None)
    client.headers.update(bearer(token))
    begun = client.post("/v1/files/init", json={"filename": "slow.bin", "size": len(content), "mode": "single"}).json()
    with stack._connected() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = f"POST /v1/files/part?upload_id={begun['upload_id']}&part=1 HTTP/1.1\r\nHost: localhost\r\n"
        head += f"Authorization: Bearer {token}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + content[: len(content) // 2])
        reload_nginx(stack)
        connection.sendall(content[len(content) // 2 :])
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer

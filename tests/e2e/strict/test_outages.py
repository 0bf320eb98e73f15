"""Redis and Postgres stopped, paused, emptied: nobody is logged out, nothing is let in, and it heals (H05, H06)."""

from __future__ import annotations

import contextlib
import time

import pytest

from control.storage.redis.changes import TRUST_SECONDS
from tests.e2e.conftest import make
from tests.e2e.people import PASSWORD, add_user, wait_until


@pytest.fixture(scope="module")
def film(stack, tmp_path_factory):
    file = make(
        tmp_path_factory.mktemp("media") / "short.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p",
    )  # fmt: skip
    return stack.wait_for_media(stack.drop(file, "short.mp4"))


class Viewer:
    """Somebody who is watching."""

    def __init__(self, stack, film):
        self.name = add_user(stack)
        self.client = stack.session(self.name, PASSWORD)
        playlist = self.client.get(f"/api/media/stream/{film['id']}").text
        self.key = next(line for line in playlist.splitlines() if line.startswith("/hls/")).replace(
            "index.m3u8", "key/0"
        )
        for _ in range(60):  # every worker has met this session, its grant and its media
            self.watch()

    def watch(self) -> list[int]:
        """What a page and its player ask all the time."""
        return [self.client.get(path).status_code for path in ("/api/auth/me", "/gate/plain.txt", self.key)]


@pytest.fixture
def viewer(stack, film):
    return Viewer(stack, film)


def redis_is(stack, how: str):
    return {"stopped": stack.stopped, "paused": stack.paused}[how]("stores:redis")


@pytest.mark.parametrize("rounds", [12, pytest.param(200, marks=pytest.mark.soak)])
@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_H05_without_redis_nobody_is_logged_out_and_every_call_is_quick(stack, viewer, how, rounds):
    """What is quick is said in the long form alone."""
    slowest = 0.0
    with redis_is(stack, how):
        for _ in range(rounds):
            begun = time.perf_counter()
            assert viewer.client.get("/api/auth/me").status_code == 200
            slowest = max(slowest, time.perf_counter() - begun)
            assert viewer.watch() == [200, 200, 200]
        stranger = stack.session(None)
        assert stranger.get("/gate/plain.txt").status_code == 401
        assert stack.session(viewer.name, PASSWORD).get("/api/auth/me").status_code == 200
        wrong = stranger.post("/api/auth/login", json={"username": viewer.name, "password": "wrong"})
        assert wrong.status_code == 401
    print(f"redis {how}: the slowest call took {slowest * 1000:.0f} ms")
    assert slowest < 1.0 or rounds < 200
    assert viewer.watch() == [200, 200, 200]


@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_H05_a_session_that_is_ended_without_redis_is_dead_at_once_and_stays_dead(stack, viewer, how):
    dead = stack.session(viewer.name, PASSWORD)
    for _ in range(30):
        dead.get("/api/auth/me")
    with redis_is(stack, how):
        time.sleep(2 * TRUST_SECONDS)  # until then a worker may not have noticed yet, see TRUST_SECONDS
        assert dead.post("/api/auth/logout", json={}, headers={"Cookie": cookies(dead)}).json()["devices_affected"] == 1
        statuses = {dead.get("/api/auth/me", headers={"Cookie": cookies(viewer.client)}).status_code for _ in range(5)}
        assert statuses == {200}
    wait_until(lambda: all(dead.get("/api/auth/me").status_code == 401 for _ in range(12)))
    for _ in range(40):
        assert dead.get("/api/auth/me").status_code == 401
        time.sleep(0.02)


def cookies(client) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies)


def test_H05_an_emptied_redis_logs_nobody_out(stack, viewer):
    stack.redis("FLUSHALL")
    assert [viewer.watch() for _ in range(8)] == [[200, 200, 200]] * 8


@pytest.mark.parametrize("trouble", [("CONFIG", "SET", "maxmemory", "1"), ("REPLICAOF", "127.0.0.1", "1"), ("CLIENT", "PAUSE", "3000", "ALL")],
                         ids=["full", "read-only", "client-pause"])  # fmt: skip
def test_H05_a_redis_that_refuses_to_write_fails_nothing_open(stack, viewer, trouble):
    victim = stack.session(viewer.name, PASSWORD)
    for _ in range(30):
        victim.get("/api/auth/me")
    stack.redis(*trouble)
    try:
        assert viewer.watch() == [200, 200, 200]
        assert stack.session(viewer.name, PASSWORD).get("/api/auth/me").status_code == 200
        victim.delete("/api/sessions")
        stale = {viewer.client.get("/api/auth/me").status_code for _ in range(1)}
        wait_until(lambda: all(viewer.client.get("/api/auth/me").status_code == 401 for _ in range(12)))
        assert stale <= {200, 401}
    finally:
        time.sleep(3 if trouble[0] == "CLIENT" else 0)
        stack.redis("CONFIG", "SET", "maxmemory", "0")
        stack.redis("REPLICAOF", "NO", "ONE")
    assert victim.get("/api/auth/me").status_code == 200


@pytest.mark.parametrize("how", ["stopped", "paused"])
def test_H06_without_postgres_known_sessions_play_on_and_the_rest_is_503(stack, viewer, film, how):
    refused = []
    with {"stopped": stack.stopped, "paused": stack.paused}[how]("stores:postgres"):
        for _ in range(5):
            assert viewer.watch() == [200, 200, 200]
            begun = time.monotonic()
            answer = viewer.client.get("/api/media/library")
            refused.append((answer.status_code, time.monotonic() - begun))
            assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
            assert answer.json()["error"]["code"] == "SYSTEM_001"
        sign_in = stack.session(None).post("/api/auth/login", json={"username": viewer.name, "password": PASSWORD})
        assert (sign_in.status_code, sign_in.json()["error"]["code"]) == (503, "SYSTEM_001")
        refresh = viewer.client.post("/api/auth/refresh", json={})
        assert refresh.status_code == 503 and viewer.client.cookies.get("__Host-sluice")
    print(f"postgres {how}: 503 after at most {max(seconds for _, seconds in refused):.1f} s")
    wait_until(lambda: viewer.client.get("/api/media/library").status_code == 200, what="it did not heal")
    wait_until(lambda: healed(stack, viewer), what="not all workers healed")


def healed(stack, viewer) -> bool:
    with contextlib.suppress(Exception):
        answers = {viewer.client.get("/api/media/library").status_code for _ in range(24)}
        return answers == {200} and stack.session(viewer.name, PASSWORD).get("/api/auth/me").status_code == 200
    return False


def test_H06_what_happened_while_postgres_was_away_is_in_the_trail(stack, viewer):
    with stack.stopped("stores:postgres"):
        assert viewer.client.get(viewer.key).status_code == 200
        since = time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime())
    query = f"SELECT count(*) FROM audit WHERE event = 'key' AND principal = '{viewer.name}' AND at >= '{since}'::timestamptz - interval '5 s'"
    wait_until(lambda: int(asked(stack, query)) >= 1, what="the key request is not in the trail")


def asked(stack, query: str) -> str:
    with contextlib.suppress(Exception):
        return stack.query(query)
    return "0"

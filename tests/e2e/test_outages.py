"""When parts are gone: what goes on, what says 503, and that it comes back by itself (threats G03, H07)."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.e2e.conftest import make
from tests.e2e.hls import rungs, segments
from tests.e2e.people import wait_until


def control_processes(stack) -> list[int]:
    """gunicorn's master and workers of this stack."""
    return processes(stack, b"control.wsgi")


def processes(stack, sign: bytes) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if sign in command and f"SLUICE_DATA={stack.data}".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def nginx_workers(stack) -> list[int]:
    """Worker pids by their master's pid file."""
    master = (stack.data / "run/nginx.pid").read_text().strip()
    return sorted(int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split())


@pytest.fixture
def prepared(stack, film, shelved):
    """A session with a running film and a signed download."""
    client = stack.session()
    url = f"{stack.url}/api/media/stream/{film['id']}"
    playlist = rungs(client, url, client.get(url).text)["360p"]
    link = client.post("/api/links", json={"media_id": shelved["id"], "kind": "d", "ttl": 600}).json()["url"]
    return client, playlist, segments(client, playlist), urlsplit(link).path


def wait_until_back(client):
    wait_until(lambda: client.get("/readyz").status_code == 200, what="control did not come back")


@contextlib.contextmanager
def without_supervisor(stack):
    """Nobody starts again what was killed, until this is over."""
    supervisor = int((stack.data / "run/supervisord.pid").read_text())
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(supervisor, signal.SIGCONT)


def test_H07_a_killed_control_stops_neither_films_nor_signed_links(stack, prepared):
    client, playlist, playing, link = prepared
    workers = nginx_workers(stack)
    with without_supervisor(stack):
        for pid in control_processes(stack):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        answer = client.get("/api/media/library")
        assert client.get(playlist).status_code == 200
        assert all(client.get(segment.url).status_code == 200 for segment in playing)
        assert client.get(link).status_code == 200
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert answer.json()["error"]["code"] == "SYSTEM_004"
    wait_until_back(client)
    assert client.get("/api/media/library").status_code == 200  # the session has survived
    assert client.get(playing[0].key_url).status_code == 200
    assert nginx_workers(stack) == workers


def test_G03_a_verifier_that_does_not_answer_is_no_yes(stack, prepared, shelved):
    client, _, playing, _ = prepared
    stack.place(b"gated", stack.data / "gate" / "plain.txt")
    stopped = control_processes(stack)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        for path in ("/gate/plain.txt", playing[0].key_url):
            with contextlib.suppress(requests.exceptions.Timeout):  # the client's own patience may end first
                answer = client.get(path, timeout=4)
                assert answer.status_code >= 500 and b"gated" not in answer.content
        assert client.get(playing[0].url).status_code == 200
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    wait_until_back(client)
    assert client.get("/gate/plain.txt").content == b"gated"


def test_H07_reloads_fail_no_segment_and_no_request(stack, prepared):
    client, playlist, playing, _ = prepared
    answers, stop = [], threading.Event()

    def watch():
        viewer = stack.session(None)
        viewer.cookies.update(client.cookies)
        # As every browser does when an idle connection was closed under its request (RFC 9112 9.3.1).
        viewer.mount("https://", HTTPAdapter(max_retries=1))
        while not stop.is_set():
            answers.extend(viewer.get(segment.url).status_code for segment in playing)
            answers.append(viewer.get("/api/auth/me").status_code)

    watching = threading.Thread(target=watch)
    watching.start()
    master = min(control_processes(stack))
    try:
        for _ in range(3):
            before = len(answers)
            os.kill(master, signal.SIGHUP)
            os.kill(int((stack.data / "run/nginx.pid").read_text()), signal.SIGHUP)
            time.sleep(2)
            wait_until(lambda before=before: len(answers) > before + 10)
    finally:
        stop.set()
        watching.join()
    assert set(answers) == {200}


def test_P08_a_killed_processor_takes_its_job_up_again(stack, tmp_path):
    """kill -9 in the middle of a film: nothing half is visible, nothing is lost, the rerun is whole."""
    film = make(
        tmp_path / "killed.mp4", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=20", "-c:v", "mpeg4", "-q:v", "3"
    )  # fmt: skip
    stack.drop(film)
    wait_until(lambda: (stack.media("killed.mp4") or {}).get("state") == "playable", 180)
    for pid in processes(stack, b"processor"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert (stack.data / "imports/killed.mp4").exists()
    done = stack.wait_for_media("killed.mp4")
    assert not (stack.data / "imports/killed.mp4").exists()
    viewer = stack.session()
    url = f"{stack.url}/api/media/stream/{done['id']}"
    for playlist in rungs(viewer, url, viewer.get(url).text).values():
        assert sum(segment.seconds for segment in segments(viewer, playlist)) == pytest.approx(20, abs=0.1)

"""A drive that hangs holds up neither deploy/down nor the next start (threat U15)."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from tests.e2e.drives.cloud import mounted
from tests.e2e.drives.conftest import CLOUD
from tests.e2e.people import wait_until
from tests.fuse_stub import usable
from tests.stack import PATIENCE, REPO, SETTINGS, START_SECONDS, running, start

STOPPED_SECONDS = 120  # with a drive that hangs for ever; some 15 where nothing else runs


@pytest.mark.soak  # two starts and a stop of a stack of its own
@pytest.mark.skipif(not usable(), reason="this account may not mount a FUSE file system")
def test_U15_down_and_up_do_not_wait_for_a_drive_that_hangs(tmp_path):
    (tmp_path / "song-00.mp3").write_bytes(b"la" * 50_000)
    (tmp_path / "long.mp3").write_bytes(b"la" * 50_000)
    with running(SETTINGS + CLOUD) as stack:
        (stack.data / "cloud").mkdir()
        with mounted(stack, tmp_path) as cloud:
            hang_both_workers(stack, cloud)
            begun = time.monotonic()
            subprocess.run([REPO / "deploy/down", "--data", stack.data], check=True, timeout=START_SECONDS)
            assert time.monotonic() - begun < STOPPED_SECONDS
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("localhost", stack.port))

            start(stack)
            assert "RUNNING" in stack.supervisor("status", "drives:drive-cloud")
            stack.place(b"healthy", stack.data / "shelf" / "healthy.mp3")
            healthy = stack.wait_for_media("healthy.mp3")
            assert stack.session().get(f"/api/media/{healthy['id']}/original").content == b"healthy"
            cloud.fuse.set("ok")
            cloud.wait("here")
            song = stack.session().get(f"/api/media/{cloud.songs[0]['id']}/original")
            assert song.content == (tmp_path / "song-00.mp3").read_bytes()


def hang_both_workers(stack, cloud) -> None:
    client = stack.session()
    path = cloud.addresses(client, cloud.songs[0])[-1]
    cloud.fuse.set("hang")
    for _ in range(4):
        threading.Thread(target=ask_in_vain, args=(stack, path), daemon=True).start()
    master = (stack.data / "run/cloud.drive.pid").read_text().strip()
    workers = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    wait_until(lambda: not any(waits_for_a_request(pid) for pid in workers), what="not every worker hangs")


def waits_for_a_request(pid: str) -> bool:
    return "ep_poll" in Path(f"/proc/{pid}/wchan").read_text()


def ask_in_vain(stack, path: str) -> None:
    with contextlib.suppress(requests.exceptions.RequestException):
        stack.session(None).get(path, timeout=PATIENCE)

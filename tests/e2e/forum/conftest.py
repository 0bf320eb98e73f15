"""A forum on PHP's web server, beside the shared stack."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from tests.e2e.conftest import make
from tests.e2e.forum.site import HOSTILE, Forum
from tests.e2e.people import add_user, wait_until


@pytest.fixture(scope="session")
def forum(stack, tmp_path_factory) -> Iterator[Forum]:
    user = add_user(stack, "viewer")
    token = stack.sluice("token", "mint", "forum", "--user", user, "--scope", "library", "--scope", "links").strip()
    forum = Forum(stack, tmp_path_factory.mktemp("forum"), token)
    forum.configure()
    address = urlsplit(forum.url).netloc
    command = ["php", "-d", "memory_limit=32M", "-d", "error_reporting=-1", "-S", address, "-t", str(forum.root)]
    with (forum.secrets / "log").open("w") as log:
        server = subprocess.Popen(
            command, env=forum.environment, cwd=forum.root, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_until(lambda: _answers(forum), 60, "the forum does not start")
        yield forum
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # (!) its workers outlive it otherwise
        server.wait(60)


@pytest.fixture(autouse=True)
def _usual_settings(forum):
    forum.configure()


def _answers(forum: Forum) -> bool:
    try:
        return forum.get("/?post=").status_code == 200
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="session")
def tone(stack, tmp_path_factory) -> dict:
    """A real song on the mount, with a name that wants to be markup."""
    file = make(tmp_path_factory.mktemp("tone") / "tone.mp3", "-f", "lavfi", "-i", "sine=frequency=300:duration=20")
    stack.place(file.read_bytes(), stack.data / "shelf" / HOSTILE)
    return stack.wait_for_media(HOSTILE, seconds=60)

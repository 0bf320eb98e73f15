"""deploy/up, deploy/down and the `sluice` command keep their promises (design.md, section 10)."""

import contextlib
import json
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.e2e.people import wait_until
from tests.stack import REPO, START_SECONDS, free_port


def deploy(script: str, *arguments, **environment) -> subprocess.CompletedProcess:
    return subprocess.run(
        [REPO / "deploy" / script, *map(str, arguments)],
        capture_output=True, text=True, timeout=START_SECONDS, env={**os.environ, **environment},
    )  # fmt: skip


def processes(data: Path) -> list[str]:
    """The process ids of the programs of `data`, as their supervisor's session and Postgres's own know them."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            texts = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            if (
                str(data).encode() in texts
                and b"SLUICE_RUN=" in texts
                or str(process.joinpath("cwd").readlink()).startswith(f"{data}/")
            ):
                found.append(process.name)
        except OSError:
            continue
    return found


@pytest.fixture
def data(tmp_path_factory):
    """A data directory of the test's own; whatever runs there is stopped in the end."""
    directory = tmp_path_factory.mktemp("own") / "data"
    yield directory
    deploy("down", "--data", directory)


def test_the_last_line_of_up_is_ready(stack):
    up = deploy("up", "--data", stack.data, "--detach", "--no-install")
    assert (up.returncode, up.stdout.splitlines()[-1]) == (0, f"ready {stack.url}")


def test_a_running_directory_is_not_started_with_other_settings(stack):
    up = deploy("up", "--data", stack.data, "--detach", "--no-install", "--port", free_port())
    assert up.returncode == 1
    assert "is running with other settings" in up.stderr


def test_the_command_sees_the_settings_of_the_running_instance(stack):
    assert json.loads(stack.sluice("config", "show", "--json"))["server"]["port"] == stack.port
    assert stack.sluice("ready") == "ready\n"


def owner_of(path: Path) -> int | None:
    """None for what has gone meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        return path.lstat().st_uid


def test_everything_belongs_to_one_unprivileged_account(stack):
    owner = stack.data.stat().st_uid
    assert owner != 0
    others = {"shelf", "gate"}  # tests put files on these as anybody does
    made = [path for path in stack.data.rglob("*") if not others & set(path.relative_to(stack.data).parts)]
    assert not [path for path in made if owner_of(path) not in (owner, None)]
    assert {Path("/proc", pid).stat().st_uid for pid in processes(stack.data)} == {owner}


def test_a_port_in_use_is_named_and_nothing_is_written(data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = deploy("up", "--data", data, "--port", port, "--detach", "--no-install")
        door = deploy("up", "--data", data, "--port", free_port(), "--detach", "--no-install", SLUICE_EDGE__DOOR=str(port))
    assert (up.returncode, f"port {port} is in use" in up.stderr) == (1, True), up.stderr
    assert (door.returncode, f"port {port} is in use" in door.stderr) == (1, True), door.stderr
    assert list(data.iterdir()) == []


def test_a_weak_first_password_stops_the_start_and_leaves_nothing_running(data):
    up = deploy("up", "--data", data, "--port", free_port(), "--detach", "--no-install", SLUICE_ADMIN_PASSWORD="weak")  # noqa: S106
    assert up.returncode == 1
    assert "SLUICE_ADMIN_PASSWORD cannot be used" in up.stderr
    assert processes(data) == []


def test_a_killed_program_comes_back_and_down_ends_even_what_a_killed_supervisor_left(data):
    port = free_port()
    up = deploy("up", "--data", data, "--port", port, "--detach", "--no-install")
    assert up.returncode == 0, up.stdout + up.stderr
    postgres = int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    os.kill(postgres, signal.SIGKILL)
    subprocess.run([REPO / ".venv/bin/sluice", "--data", data, "ready", "--wait", "90"], check=True)

    supervisor = (data / "run" / "supervisord.pid").read_text().strip()
    os.kill(int(supervisor), signal.SIGKILL)
    wait_until(lambda: supervisor not in processes(data))
    assert processes(data) != []
    assert deploy("down", "--data", data).returncode == 0
    assert processes(data) == []


def test_down_is_content_where_nothing_runs(tmp_path):
    assert deploy("down", "--data", tmp_path).returncode == 0


def test_a_rotation_of_the_master_key_stops_no_film(stack, film):
    """Workers that know only the old version read the new one when they meet it."""
    client = stack.session()
    playlist = client.get(f"/api/media/stream/{film['id']}").text
    key = next(line for line in playlist.splitlines() if line.startswith("/hls/")).replace("index.m3u8", "key/0")
    before = client.get(key).content
    rotated = json.loads(stack.sluice("key", "rotate", "--json"))
    assert rotated["rewrapped"] >= 1
    stack.redis("PUBLISH", "sluice:changed", f"media:{film['id']}")  # what is remembered of it is forgotten
    assert {client.get(key).content for _ in range(8)} == {before}
    versions = json.loads(stack.sluice("key", "status", "--json"))
    assert [v["wraps"] for v in versions][:-1] == [0] * (len(versions) - 1) and versions[-1]["current"]

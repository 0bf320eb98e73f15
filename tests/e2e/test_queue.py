"""The import queue: seen, tried again, cancelled, filled from the command line; no file is ever lost."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.e2e.conftest import make
from tests.e2e.people import wait_until
from tests.stack import REPO


@pytest.fixture(scope="module")
def admin(stack):
    return stack.session()


@pytest.fixture(scope="module")
def long_film(tmp_path_factory):
    """Long enough to be caught at work, however long a command takes; quickly made."""
    directory = tmp_path_factory.mktemp("media")
    short = make(
        directory / "short.mp4", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30:duration=10", "-c:v", "mpeg4", "-q:v", "20",
    )  # fmt: skip
    return make(directory / "long.mp4", "-stream_loop", "59", "-i", str(short), "-c", "copy")


def job(admin, name: str) -> dict | None:
    return next((job for job in admin.get("/api/admin/queue").json()["data"] if job["name"] == name), None)


def state(admin, name: str) -> str | None:
    found = job(admin, name)
    return found and found["state"]


def test_a_refused_file_is_in_the_queue_and_can_be_tried_again(stack, admin):
    stack.place(b"#EXTM3U\nfile:///etc/passwd\n", stack.data / "imports" / "trick.mp4")
    wait_until(lambda: state(admin, "trick.mp4") == "failed")
    found = job(admin, "trick.mp4")
    assert found["error"] and found["error_code"] == "MEDIA_004"
    kept = stack.data / "quarantine" / found["media_id"] / "file"
    assert kept.exists()
    assert admin.post(f"/api/admin/queue/{found['media_id']}/retry").json() == {"message": "Queued again"}
    wait_until(lambda: state(admin, "trick.mp4") == "failed" and kept.exists())
    search = {"media": found["media_id"], "event": "import_retried"}
    wait_until(lambda: admin.get("/api/admin/audit", params=search).json()["data"])
    assert admin.post(f"/api/admin/queue/{found['media_id']}/cancel").status_code == 404


def test_what_is_mended_comes_in_by_trying_again(stack, admin, film_file):
    """The operator replaces the file in quarantine by a good one."""
    stack.place(b"no film at all", stack.data / "imports" / "mended.mp4")
    wait_until(lambda: state(admin, "mended.mp4") == "failed")
    media = job(admin, "mended.mp4")["media_id"]
    stack.place(film_file.read_bytes(), stack.data / "quarantine" / media / "file")
    stack.sluice("queue", "retry", "mended.mp4")
    assert stack.wait_for_media("mended.mp4")["id"] == media


def test_a_running_and_a_waiting_import_are_cancelled_and_their_files_kept(stack, admin, long_film):
    stack.drop(long_film, "running.mp4")
    wait_until(lambda: state(admin, "running.mp4") == "running")
    stack.drop(long_film, "waiting.mp4")
    wait_until(lambda: state(admin, "waiting.mp4") == "waiting")
    wait_until(lambda: job(admin, "running.mp4")["progress"] > 0)
    listed = json.loads(stack.sluice("queue", "list", "--json"))
    assert [j["state"] for j in listed if j["name"] in ("running.mp4", "waiting.mp4")] == ["running", "waiting"]
    ids = {name: job(admin, name)["media_id"] for name in ("running.mp4", "waiting.mp4")}
    assert admin.post(f"/api/admin/queue/{ids['waiting.mp4']}/cancel").status_code == 200
    assert state(admin, "waiting.mp4") == "failed"
    stack.sluice("queue", "cancel", "running.mp4")
    wait_until(lambda: state(admin, "running.mp4") == "failed")
    for name, media in ids.items():
        kept = stack.data / "quarantine" / media / "file"
        assert kept.stat().st_size == long_film.stat().st_size and not (stack.data / "imports" / name).exists()
        assert job(admin, name)["error_code"] == "MEDIA_009"
    vault = stack.data / "vault"
    assert not list(vault.glob(f"*/{ids['running.mp4']}"))


def test_only_what_has_failed_is_tried_again(stack, admin, film):
    assert admin.post(f"/api/admin/queue/{film['id']}/retry").status_code == 400
    assert admin.post("/api/admin/queue/00000000-0000-4000-8000-000000000000/retry").status_code == 404
    assert not stack.sluice("queue", "retry", "no-such-film", check=False)


def test_files_come_in_from_the_command_line_with_progress(stack):
    folder = stack.data / "holiday"  # the command reads it as the account of the stack
    folder.mkdir()
    for number in range(3):
        make(
            folder / f"picture-{number}.jpg", "-f", "lavfi", "-i", f"testsrc=size=200x{100 + number}", "-frames:v", "1"
        )
    done = subprocess.run(
        [REPO / ".venv/bin/sluice", "--data", stack.data, "import", folder, "--wait", "--json"],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [media["state"] for media in found] == ["completed"] * 3
    assert (folder / "picture-0.jpg").exists()
    inside = stack.session().get("/api/media/library", params={"folder": "holiday"}).json()["data"]
    assert sorted(media["name"] for media in inside) == [f"picture-{number}.jpg" for number in range(3)]
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    (folder / "broken.jpg").chmod(0o644)
    failed = subprocess.run(
        [REPO / ".venv/bin/sluice", "--data", stack.data, "import", folder / "broken.jpg", "--wait"],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert failed.returncode == 2 and "could not be imported" in failed.stderr

"""The operator's commands on a running Sluice: doctor, status, backups, certificate."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess

import pytest

from tests.e2e.people import wait_until
from tests.stack import REPO, Client, Stack, free_port, start


@pytest.fixture
def place(stack, tmp_path):
    """A directory that the stack's account may write to."""
    place = tmp_path / "backups"
    place.mkdir()
    if os.geteuid() == 0:
        for directory in (tmp_path, *tmp_path.parents[:2]):
            directory.chmod(0o755)
        os.chown(place, stack.data.stat().st_uid, stack.data.stat().st_gid)
    return place


def certificate(stack) -> str:
    return ssl.get_server_certificate(("localhost", stack.port))


def test_doctor_finds_a_running_stack_well(stack):
    found = json.loads(stack.sluice("doctor", "--json", check=False))
    assert not [one for one in found if one["state"] == "failed"]
    assert {"postgres", "redis", "nginx", "control", "processor", "tables", "sandbox", "certificate"} <= {
        one["check"] for one in found
    }


def test_doctor_names_what_is_broken_with_its_cure_and_says_so_by_its_exit_code(stack):
    spool = stack.data / "spool"
    spool.chmod(0o755)
    try:
        done = subprocess.run(
            [REPO / ".venv/bin/sluice", "--data", stack.data, "doctor"], capture_output=True, text=True, cwd=REPO
        )
    finally:
        spool.chmod(0o700)
    assert done.returncode == 1
    assert f"XX  directory spool: mode 755\n      chmod 700 {spool}" in done.stdout


def test_status_is_one_record(stack):
    found = json.loads(stack.sluice("status", "--json"))
    assert found["serving"] == "ready"
    assert found["disk"]["free_bytes"] > 0


def test_config_check_tries_settings_out_and_changes_nothing(stack, tmp_path):
    assert json.loads(stack.sluice("config", "check", "--json"))["state"] == "ok"
    before = (stack.data / "nginx/nginx.conf").read_text()
    wrong = subprocess.run(
        [REPO / ".venv/bin/sluice", "--data", stack.data, "config", "check"], capture_output=True, text=True, cwd=REPO,
        env=os.environ | {"SLUICE_SERVER__CERTIFICATE": "/nowhere.pem", "SLUICE_SERVER__CERTIFICATE_KEY": "/nowhere"},
    )  # fmt: skip
    assert wrong.returncode == 2
    assert "/nowhere.pem" in wrong.stderr
    assert (stack.data / "nginx/nginx.conf").read_text() == before


def test_a_certificate_is_renewed_while_nginx_runs(stack):
    before = certificate(stack)
    assert json.loads(stack.sluice("cert", "renew", "--json")) | {"valid_until": ""} == {
        "made": False, "nginx": "as it was", "valid_until": "",
    }  # fmt: skip
    assert certificate(stack) == before
    assert json.loads(stack.sluice("cert", "renew", "--force", "--json"))["nginx"] == "reloaded"
    wait_until(lambda: certificate(stack) != before)  # the old workers end what they have


def test_what_certbot_brings_is_copied_for_the_account_alone(stack, place):
    files = {"fullchain.pem": b"chain", "privkey.pem": b"key"}
    for name, content in files.items():
        (place / name).write_bytes(content)
    subprocess.run(
        [REPO / "deploy/certbot-hook", stack.data], check=True, env=os.environ | {"RENEWED_LINEAGE": str(place)}
    )
    brought = [stack.data / "tls" / name for name in ("acme-certificate.pem", "acme-key.pem")]
    try:
        assert [path.read_bytes() for path in brought] == [b"chain", b"key"]
        assert {(path.stat().st_uid, path.stat().st_mode & 0o777) for path in brought} == {
            (stack.data.stat().st_uid, 0o400)
        }
    finally:
        for path in brought:
            path.unlink()


def test_a_backup_of_a_running_stack_can_be_restored(stack, place):
    made = json.loads(stack.sluice("backup", "run", str(place), "--json"))
    assert made["files"] > 5
    again = json.loads(stack.sluice("backup", "run", str(place), "--json"))
    assert [one["id"] for one in json.loads(stack.sluice("backup", "list", str(place), "--json"))] == [
        made["id"], again["id"],
    ]  # fmt: skip
    verified = json.loads(stack.sluice("backup", "verify", str(place), "--json"))
    assert verified["state"] == "ok"
    assert verified["media"] == int(stack.query("SELECT count(*) FROM media"))


def test_a_restore_never_writes_over_a_database(stack, place):
    stack.sluice("backup", "run", str(place))
    done = subprocess.run(
        [REPO / ".venv/bin/sluice", "--data", stack.data, "restore", place], capture_output=True, text=True, cwd=REPO
    )
    assert done.returncode == 2
    assert "The database is not empty" in done.stderr


@pytest.mark.soak
def test_a_machine_that_is_gone_comes_back_from_its_backup(stack, film, photo, shelved, place, tmp_path):
    """What was made is whole, links are good, people can sign in, and the audit trail is what it was."""
    stack.session()
    wait_until(lambda: json.loads(stack.sluice("audit", "tail", "--json")))
    trail = json.loads(stack.sluice("audit", "tail", "--json"))
    stack.sluice("backup", "run", str(place))
    data = tmp_path / "new"
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, stack.data.stat().st_uid, stack.data.stat().st_gid)
    subprocess.run([REPO / ".venv/bin/sluice", "--data", data, "restore", place], check=True, cwd=REPO)
    settings = (data / "sluice.toml").read_text()
    # The other one still runs, and holds its ports.
    (data / "sluice.toml").write_text(re.sub("door = [0-9]+", f"door = {free_port()}", settings))
    new = Stack(data, free_port())
    try:
        start(new)
        assert json.loads(new.sluice("media", "verify", "--json")) == []
        session = Client(new.url, data / "tls/certificate.pem")
        answer = session.post("/api/auth/login", json={"username": "admin", "password": stack.admin_password})
        assert answer.status_code == 200
        for one in (film, photo):
            assert session.get(f"/api/media/stream/{one['id']}").status_code == 200
        kept = json.loads(new.sluice("audit", "tail", "--json"))
        assert {one["at"] for one in trail} <= {one["at"] for one in kept}
    finally:
        subprocess.run([REPO / "deploy/down", "--data", data], check=True)
        shutil.rmtree(data)


def test_a_shell_can_complete_the_commands():
    for shell in ("bash", "zsh"):
        done = subprocess.run(
            [REPO / ".venv/bin/sluice", "completion", shell], capture_output=True, text=True, check=True
        )
        assert "_SLUICE_COMPLETE" in done.stdout
    completed = subprocess.run(
        [REPO / ".venv/bin/sluice"], capture_output=True, text=True,
        env=os.environ | {"_SLUICE_COMPLETE": "bash_complete", "COMP_WORDS": "sluice doc", "COMP_CWORD": "1"},
    )  # fmt: skip
    assert "doctor" in completed.stdout

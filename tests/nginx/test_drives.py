"""The Nginx of one mount: it alone opens the mount's files, and only the main one reaches it (threat U15)."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest

from control.settings.sections import Mount
from nginx import contract
from nginx import render as renderer
from nginx import settings as nginx_settings
from tests.nginx.test_contract import location_blocks
from tests.nginx.test_linters import LINTERS, findings


@pytest.fixture(scope="module")
def drive(settings) -> str:
    return renderer.drive_text(settings, settings.mounts[0])


@pytest.fixture
def fresh(settings, tmp_path):
    """The same settings in a directory of the test's own."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/links.json").write_bytes((settings.paths.keys / "links.json").read_bytes())
    certificates = {"certificate": settings.certificate, "certificate_key": settings.certificate_key}
    server = settings.server.model_copy(update=certificates)
    return settings.model_copy(update={"data": tmp_path, "server": server})


def test_U15_the_main_nginx_opens_nothing_on_a_mount(settings, rendered):
    """Not even to look whether it is there: open(2) may never return."""
    for mount in settings.mounts:
        assert str(mount.path) not in "\n".join(line.split("# ")[0] for line in rendered.splitlines())


def test_U15_both_ways_to_a_mount_ask_its_flag_first_and_wait_only_so_long(settings, rendered):
    for prefix in (contract.MOUNTS, contract.LINKED):
        body = next(body for head, body in location_blocks(rendered) if f"{prefix.path}demo/" in head)
        assert body.index(str(contract.away_flag(settings.paths.run, "demo"))) < body.index("proxy_pass")
        assert re.search(r"proxy_read_timeout (\d+)s;", body)[1] == str(nginx_settings.DRIVE_SECONDS)
        assert body.index("500 502 503 504 = @mount_away") < body.index("502 504 = @control_unavailable")
        assert "proxy_buffering off;" in body and "proxy_next_upstream off;" in body


def test_a_drive_listens_on_its_socket_alone_and_follows_no_link(settings, drive):
    listens = re.findall(r"^\s*listen (.*);", drive, re.MULTILINE)
    assert len(listens) == 1 and f"unix:{contract.drive_socket(settings.paths.run, 'demo')}" in listens[0]
    assert 'disable_symlinks on "from=/srv/demo";' in drive
    assert "sendfile off;" in drive and "aio threads;" in drive  # the header leaves with the first bytes, not before


@pytest.mark.parametrize("linter", LINTERS)
def test_G09_the_configuration_of_a_drive_is_clean(linter, drive, tmp_path):
    configuration = tmp_path / "drive.conf"
    configuration.write_text(drive)
    assert not findings(linter, configuration)


def test_each_mount_has_a_configuration_and_a_program_and_none_is_left_over(fresh):
    two = fresh.model_copy(update={"mounts": [Mount(name=name, path=f"/srv/{name}") for name in ("one", "two")]})
    renderer.render(two)
    assert configurations(two) == ["one.conf", "two.conf"]
    supervised = (two.paths.nginx / "drives.ini").read_text()
    assert "programs = drive-one,drive-two\n" in supervised and "[program:drive-two]" in supervised
    renderer.render(two.model_copy(update={"mounts": two.mounts[1:]}))
    assert configurations(two) == ["two.conf"]


def test_without_mounts_nothing_more_runs(fresh):
    renderer.render(fresh.model_copy(update={"mounts": []}))
    assert configurations(fresh) == []
    text = (fresh.paths.nginx / "drives.ini").read_text()
    assert "[program" not in text and "[group" not in text


def configurations(settings) -> list[str]:
    return sorted(path.name for path in (settings.paths.nginx / "drives").iterdir())


def test_a_broken_drive_template_replaces_nothing(fresh, monkeypatch):
    renderer.render(fresh)
    before = (fresh.paths.nginx / "drives/demo.conf").read_text()
    monkeypatch.setattr(renderer, "drive_text", lambda settings, mount: "this is not nginx;")
    with pytest.raises(renderer.RenderError):
        renderer.render(fresh)
    assert (fresh.paths.nginx / "drives/demo.conf").read_text() == before


def test_a_check_of_the_configuration_leaves_the_socket_of_a_running_drive_alone(fresh):
    """`sluice nginx render` may be run at any time; nginx -t binds what it is told to listen on."""
    renderer.render(fresh)
    configuration = fresh.paths.nginx / "drives/demo.conf"
    command = [
        nginx_settings.binary(),
        "-p",
        fresh.paths.nginx,
        "-c",
        configuration,
        "-e",
        "stderr",
        "-g",
        "daemon off;",
    ]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        socket = contract.drive_socket(fresh.paths.run, "demo")
        wait_for(socket)
        renderer.render(fresh)
        assert socket.is_socket()
    finally:
        running.terminate()
        running.wait()


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)

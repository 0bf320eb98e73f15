"""`sluice setup`: asks until it has what can be used, shows what it would change, and writes after a yes."""

from __future__ import annotations

import json
import os
import pty
import sys
import tomllib
import traceback
from pathlib import Path
from typing import NoReturn

import pytest
from click.testing import CliRunner

from control import settings
from control.cli import answers, ports, setup
from control.cli.certificate import ensure_certificate
from control.cli.main import cli
from control.cli.outcome import CommandError
from control.cli.settings_change import changed
from control.cli.settings_file import settings_file

PASSWORD = "Correct-Horse-7"
ENTER = ""


@pytest.fixture(autouse=True)
def own_account(monkeypatch):
    """Tests run as root here and there, and root owns no data directory."""
    monkeypatch.setattr(setup, "act_as_owner", lambda data: None)
    monkeypatch.setattr(ports, "problem", {4000: "is in use by another program"}.get)
    for name in [name for name in os.environ if name.startswith("SLUICE_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def run(data: Path, *flags: str, given: str | None = None) -> dict:
    """Without a terminal; its JSON."""
    done = CliRunner().invoke(setup.command, ["--yes", "--json", *flags], obj=data, input=given, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def answering(data: Path, *lines: str) -> str:
    """At a terminal, with one line for each question; all that is seen there."""
    process, terminal = pty.fork()
    if not process:
        _at_the_terminal(data)
    seen = ""
    for line in lines:
        seen += _until_asked(terminal)
        os.write(terminal, f"{line}\n".encode())
    seen += _rest(terminal)
    os.close(terminal)
    assert os.waitpid(process, 0)[1] == 0, seen
    return seen.replace("\r", "")


def _at_the_terminal(data: Path) -> NoReturn:
    """In the child, where pytest's own standard files are of no use."""
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode, closefd=False) for number, mode in enumerate("rww"))  # noqa: SIM115
    code = 1
    try:
        cli(["--data", str(data), "setup", "--no-doctor"], prog_name="sluice", standalone_mode=False)
    except SystemExit as end:
        code = int(end.code)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code)


def _until_asked(master: int) -> str:
    seen = ""
    while not seen.endswith(": "):
        seen += os.read(master, 1024).decode()
    return seen


def _rest(master: int) -> str:
    seen = b""
    try:
        while chunk := os.read(master, 1024):
            seen += chunk
    except OSError:  # the other end is closed
        pass
    return seen.decode()


def test_a_person_is_asked_again_until_each_answer_can_be_used(data, tmp_path):
    (tmp_path / "films").mkdir()
    seen = answering(
        data, "70000", "2999", "media example", "media.example.org", "10.8.0.1/24", "private, 10.8.0.0/24",
        "letsencrypt", ENTER, "films", str(tmp_path / "films"), "a@b", "ann", "weak", PASSWORD, "another", PASSWORD,
        PASSWORD, "y",
    )  # fmt: skip
    for cure in (
        "a port is a number from 1 to 65535", "such as media.example.org", "did you mean 10.8.0.0/24?",
        "write one of self-signed, given, acme", "name the whole path", "no @", "The password needs at least 8",
        "the two are not the same",
    ):  # fmt: skip
        assert cure in seen
    assert f"Next: deploy/up --data {data}" in seen
    assert PASSWORD not in seen
    loaded = settings.load(data)
    assert (loaded.server.port, loaded.public_url) == (2999, "https://media.example.org:2999")
    assert loaded.server.allowed_networks[-1] == "10.8.0.0/24" and "127.0.0.0/8" in loaded.server.allowed_networks
    assert [(mount.name, mount.path) for mount in loaded.mounts] == [("films", tmp_path / "films")]
    first = json.loads((data / "first-admin.json").read_text())
    assert first["username"] == "ann" and first["password_hash"].startswith("$argon2id$")
    assert not [path for path in data.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]


def test_an_existing_file_is_changed_only_after_its_difference_was_seen_and_agreed_to(data):
    run(data)
    before = (data / "sluice.toml").read_text()
    asked = ("3001", *[ENTER] * 6)
    seen = answering(data, *asked, "n")
    assert "-#port = 1027" in seen and "+port = 3001" in seen
    assert "Nothing was written." in seen
    assert (data / "sluice.toml").read_text() == before
    answering(data, *asked, "y")
    assert (data / "sluice.toml").read_text() == before.replace("#port = 1027", "port = 3001")


def test_without_a_terminal_it_takes_flags_and_defaults(data):
    found = run(data, "--port", "3002", "--admin", "ann", "--password-stdin", given=PASSWORD + "\n")
    assert found == {
        "settings": str(data / "sluice.toml"), "written": True, "changed": ["server.port"], "admin": "ann",
        "next": [f"deploy/up --data {data}"],
    }  # fmt: skip
    again = run(data, "--networks", "anywhere")
    assert again["changed"] == ["server.allowed_networks"] and again["admin"] is None
    loaded = settings.load(data)
    assert (loaded.server.port, loaded.server.allowed_networks[-2:]) == (3002, ["0.0.0.0/0", "::/0"])
    assert json.loads((data / "first-admin.json").read_text())["username"] == "ann"
    assert run(data)["changed"] == []


def test_without_a_terminal_and_without_yes_it_says_what_is_missing(data):
    with pytest.raises(CommandError, match="give --yes"):
        CliRunner().invoke(setup.command, [], obj=data, catch_exceptions=False)
    assert not data.exists()


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--port", "no"], "--port cannot be used: a port is a number"),
        (["--port", "4000"], "port 4000 is in use by another program; choose another one"),
        (
            ["--certificate", "given", "--certificate-file", "/nowhere.pem"],
            "--certificate-file cannot be used: /nowhere",
        ),
        (["--certificate", "acme"], "takes no localhost"),
        (["--libraries", "/nowhere"], "mount the drive first"),
    ],
)
def test_a_flag_that_cannot_be_used_writes_nothing(data, flags, says):
    with pytest.raises(CommandError, match=says):
        run(data, *flags)
    assert not data.exists()


def test_settings_that_the_programs_would_not_take_are_not_written(data):
    run(data)
    (data / "sluice.toml").write_text("[server]\nprot = 1\n")
    with pytest.raises(settings.SettingsError, match=f"(?s){data}.*prot"):
        run(data, "--port", "3003")
    assert (data / "sluice.toml").read_text() == "[server]\nprot = 1\n"


def test_a_certificate_of_ones_own_must_come_with_its_key(data, tmp_path):
    files = [tmp_path / name for name in ("a.pem", "a.key", "b.pem", "b.key")]
    ensure_certificate(*files[:2])
    ensure_certificate(*files[2:])
    given = ("--certificate", "given", "--certificate-file", str(files[0]), "--certificate-key")
    with pytest.raises(CommandError, match="is not the key of"):
        run(data, *given, str(files[3]))
    run(data, *given, str(files[1]))
    assert settings.load(data).certificate_key == files[1]
    assert run(data)["changed"] == []
    run(data, "--certificate", "self-signed")
    assert settings.load(data).server.certificate is None


def test_acme_starts_with_a_certificate_of_ones_own_until_certbot_has_brought_one(data):
    found = run(data, "--certificate", "acme", "--host", "media.example.org")
    loaded = settings.load(data)
    assert loaded.certificate.exists() and loaded.certificate_key.exists()
    assert found["next"][1].startswith("certbot certonly --standalone -d media.example.org --deploy-hook ")


def test_what_else_stands_in_a_file_stays(tmp_path):
    text = '# mine\n[server]\nport = 1500 # the old one\nallowed_networks = [\n    "10.0.0.0/8", # home\n]\n\n[hls]\nsegment_seconds = 4\n'
    after = changed(text, {"server.port": 1600, "server.allowed_networks": ["::1/128"], "trash.days": 3})
    assert after == (
        '# mine\n[server]\nport = 1600\nallowed_networks = ["::1/128"]\n\n[hls]\nsegment_seconds = 4\n\n[trash]\ndays = 3\n'
    )
    with pytest.raises(CommandError, match="by hand"):
        changed("server.port = 1\n", {"server.port": 2})


def test_every_line_of_a_new_file_that_can_be_changed_is_changed_in_its_place():
    text = settings_file()
    after = changed(text, {"server.allowed_networks": ["::1/128"], "metrics.allowed_networks": ["127.0.0.1/32"]})
    assert len(after.splitlines()) == len(text.splitlines())
    assert tomllib.loads(after)["metrics"] == {"allowed_networks": ["127.0.0.1/32"]}


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""), ("localhost", ""), ("Media.Example.org", "https://media.example.org:8443"), ("fd00::1", "https://[fd00::1]:8443"),
        ("https://media.example.org", "https://media.example.org"), ("https://a.example:9/", "https://a.example:9"),
        ("münchen.example", "https://xn--mnchen-3ya.example:8443"),
    ],
)  # fmt: skip
def test_addresses(text, url):
    assert answers.address(text, 8443) == url


@pytest.mark.parametrize(
    "text", ["a b", "-a.example", "https://", "https://a.example/path", "http://a.example", "a..b", "x" * 64]
)
def test_no_addresses(text):
    with pytest.raises(ValueError):
        answers.address(text, 443)


@pytest.mark.parametrize("text", ["private", "anywhere", "private, 10.8.0.0/24", "anywhere, fd00::/8"])
def test_networks_are_shown_as_they_may_be_written(text):
    assert answers.networks(answers.told(answers.networks(text))) == answers.networks(text)


def test_mounts_get_names_of_their_own():
    found = answers.mounts(
        [Path("/a/Filme & mehr"), Path("/b/filme-mehr"), Path("/c/…"), Path("/d/uploads")], {"uploads"}
    )
    assert [one["name"] for one in found] == ["filme-mehr", "filme-mehr-2", "media", "uploads-2"]

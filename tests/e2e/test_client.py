"""The example client of deploy/integrations/client against the real server: what it promises, a program may rely on."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import CANARY

CLIENT = Path(__file__).resolve().parents[2] / "deploy/integrations/client/sluice_client.py"
WHOLE = CANARY + bytes(range(256)) * 400 + CANARY


@pytest.fixture(scope="module")
def module():
    spec = importlib.util.spec_from_file_location("sluice_client", CLIENT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.PAUSE_SECONDS = 0
    return module


@pytest.fixture(scope="module")
def token(stack) -> str:
    return stack.sluice(
        "token", "mint", "client", "--user", "admin", "--scope", "library", "--scope", "links", "--scope", "uploads"
    ).strip()


@pytest.fixture(scope="module")
def client(stack, module, token):
    return module.Client(stack.url, token, str(stack.data / "tls/certificate.pem"))


@pytest.fixture
def run(stack, token):
    """run(*arguments) -> what the program prints, run as a person runs it."""

    def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        environment = os.environ | {
            "SLUICE_URL": stack.url, "SLUICE_TOKEN": token, "SLUICE_CERTIFICATE": str(stack.data / "tls/certificate.pem"),
        }  # fmt: skip
        command = [sys.executable, CLIENT, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=check, env=environment)

    return run


def test_it_lists_links_and_downloads(run, shelved, tmp_path):
    listed = run("list", "song.mp3").stdout.splitlines()
    assert f"{shelved['id']}\tcompleted\tsong.mp3" in listed
    link = run("link", shelved["id"], "60").stdout.strip()
    assert "/get/" in link
    for source in (shelved["id"], link):
        target = tmp_path / "fetched.mp3"
        assert run("download", source, str(target)).stdout.strip() == str(target)
        assert target.read_bytes() == WHOLE and [path.name for path in tmp_path.iterdir()] == ["fetched.mp3"]


def test_it_uploads_in_parts_and_gets_the_same_back(stack, client, module, run, tmp_path, monkeypatch):
    """The second part is broken off once, and sent again by itself."""
    source, sent, open_ = tmp_path / "holiday notes.txt", [], client._open
    source.write_bytes(b"What we did, line by line.\n" * 60_000)  # two parts

    def broken(request):
        sent.append(request.full_url)
        if "part=2" in request.full_url and sum("part=2" in url for url in sent) == 1:
            raise ConnectionResetError("broken off")
        return open_(request)

    monkeypatch.setattr(client, "_open", broken)
    monkeypatch.setattr(module, "LARGEST_PART", 900_000)
    stored = client.upload(source)
    assert stored["size"] == source.stat().st_size and stored["sha256"] == module.sha256_of(source)
    assert sum("part=2" in url for url in sent) == 2
    assert run("download", stored["media_id"], str(tmp_path / "back.txt")).returncode == 0
    assert (tmp_path / "back.txt").read_bytes() == source.read_bytes()
    link = stack.session().get("/v1/files/signed-url", params={"key": stored["key"], "ttl": 60}).json()["url"]
    assert module.Client(stack.url, "none", str(stack.data / "tls/certificate.pem")).download(link, tmp_path / "linked")
    assert (tmp_path / "linked").read_bytes() == source.read_bytes()


def test_a_refusal_is_the_servers_own_sentence(run, shelved, tmp_path):
    unknown = run("download", "0" * 8 + shelved["id"][8:], str(tmp_path / "x"), check=False)
    assert unknown.returncode == 1 and unknown.stderr.startswith("MEDIA_001: ")
    too_long = run("link", shelved["id"], "999999999", check=False)
    assert too_long.returncode == 1 and "ttl must lie between" in too_long.stderr


def test_a_download_goes_on_where_it_was_broken_off(client, module, monkeypatch, shelved, tmp_path):
    target, copy, sent = tmp_path / "song.mp3", module.shutil.copyfileobj, []

    def broken(source, file, length):
        if len(sent) < 2:  # twice, after some thousand bytes
            sent.append(file.write(source.read(5000)))
            raise ConnectionResetError("broken off")
        sent.append(copy(source, file, length))

    monkeypatch.setattr(module.shutil, "copyfileobj", broken)
    assert client.download(shelved["id"], target).read_bytes() == WHOLE
    assert len(sent) == 3


@pytest.mark.parametrize(("same", "begins"), [(True, b"X" * 100), (False, WHOLE[:100])])
def test_a_program_that_was_killed_goes_on_only_with_the_same_file(stack, client, shelved, tmp_path, same, begins):
    tag = stack.session().head(f"/api/media/{shelved['id']}/original").headers["ETag"]
    (tmp_path / "song.mp3.part").write_bytes(b"X" * 100)
    (tmp_path / "song.mp3.part.etag").write_text(tag if same else '"of another one"')
    assert client.download(shelved["id"], tmp_path / "song.mp3").read_bytes() == begins + WHOLE[100:]


def test_all_of_it_had_come_already(stack, client, shelved, tmp_path):
    tag = stack.session().head(f"/api/media/{shelved['id']}/original").headers["ETag"]
    (tmp_path / "song.mp3.part").write_bytes(WHOLE)
    (tmp_path / "song.mp3.part.etag").write_text(tag)
    assert client.download(shelved["id"], tmp_path / "song.mp3").read_bytes() == WHOLE


def test_nobody_else_learns_the_token(stack, client, module, monkeypatch):
    asked = []
    monkeypatch.setattr(module.urllib.request, "urlopen", lambda request, **_: asked.append(request))
    for url in (
        f"{stack.url}/api/x",
        f"{stack.url}.evil.test/x",
        "https://evil.test/",
        stack.url.replace("https", "http") + "/",
    ):
        client._open(module.urllib.request.Request(url))
    assert [request.has_header("Authorization") for request in asked] == [True, False, False, False]

"""Whatever stands in control's place: only 204 is a yes (threat G03). The real Nginx, with a stub as its control."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from control.cli.init import initialise
from control.settings import load
from nginx.render import render
from nginx.settings import binary
from tests.stack import free_port

ACCOUNTS = ("sluice", "nobody")


class Stub(threading.Thread):
    """Answers every connection on control's socket with `head`, then closes it."""

    def __init__(self, path: Path):
        super().__init__(daemon=True)
        self.head, self.asked = "HTTP/1.1 204 No Content", []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        os.chmod(path, 0o666)
        self._socket.listen()

    def run(self):
        while True:
            with contextlib.suppress(OSError):
                connection, _ = self._socket.accept()
                self.asked.append(connection.recv(65536))
                body = "" if " 204 " in self.head else "<html>"
                connection.sendall(
                    f"{self.head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
                )
                connection.close()


@pytest.fixture(scope="module")
def gate():
    """(ask, stub): ask(path) -> (status, body) through an Nginx whose control is the stub."""
    data, port = Path(tempfile.mkdtemp(prefix="sluice-nginx-")), free_port()
    (data / "gate").mkdir()
    (data / "gate" / "file.txt").write_text("gated")
    (data / "sluice.toml").write_text(
        f'[server]\nport = {port}\n[[protected]]\nname = "gate"\nurl = "/gate/"\npath = "{data}/gate"\n'
    )
    settings = load(data)
    initialise(settings)
    configuration = render(settings)
    stub = Stub(settings.paths.run / "control.sock")
    stub.start()
    process = subprocess.Popen(
        [binary(), "-p", data / "nginx", "-c", configuration, "-g", "daemon off;"], **as_account(data, settings)
    )

    def ask(path: str, *headers: str) -> tuple[int, bytes]:
        context = ssl.create_default_context(cafile=settings.certificate)
        with (
            socket.create_connection(("localhost", port), timeout=60) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            lines = [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
            secure.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
            answer = b"".join(iter(lambda: secure.recv(65536), b""))
        return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]

    wait_for(port)
    yield ask, stub
    process.terminate()
    process.wait()
    shutil.rmtree(data)
    shutil.rmtree(settings.paths.cache, ignore_errors=True)


def as_account(data: Path, settings) -> dict:
    """Nginx runs as one unprivileged account, as in a real instance; nothing to do where the tests do already."""
    if os.geteuid() != 0:
        return {}
    account = next(pwd.getpwnam(name) for name in ACCOUNTS if name in {entry.pw_name for entry in pwd.getpwall()})
    for root in (data, settings.paths.cache):
        for path in [root, *root.rglob("*")]:
            os.chown(path, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port)):
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("head", "status", "served"),
    [
        ("HTTP/1.1 204 No Content", 200, True),
        ("HTTP/1.1 401 Unauthorized", 401, False),
        ("HTTP/1.1 403 Forbidden", 403, False),
        ("HTTP/1.1 302 Found\r\nLocation: /", 503, False),
        ("HTTP/1.1 418 Teapot", 503, False),
        ("HTTP/1.1 404 Not Found", 503, False),
        ("HTTP/1.1 500 Oops", 503, False),
        ("nonsense", 503, False),
    ],
)
def test_G03_only_a_yes_is_a_yes(gate, head, status, served):
    ask, stub = gate
    stub.head = head
    answered, body = ask("/gate/file.txt")
    assert (answered, body == b"gated") == (status, served)


def test_G01_no_line_break_of_a_path_reaches_the_headers_of_the_verifier(gate):
    """`%0d%0a` in a path would end X-Sluice-Uri and begin a header of the attacker's."""
    ask, stub = gate
    stub.head, before = "HTTP/1.1 204 No Content", len(stub.asked)
    for path in ("/gate/x%0d%0aX-Sluice-Internal:%201", "/gate/file.txt%0a", "/gate/%0aa", "/gate/a%09b", "/gate/%7f"):
        assert ask(path)[0] == 400, path
    assert len(stub.asked) == before


def test_G12_the_verifier_sees_what_nginx_says_and_nothing_of_the_client(gate):
    ask, stub = gate
    stub.head = "HTTP/1.1 204 No Content"
    forged = ("X-Sluice-Uri: /other", "X-Sluice-Target: other", "X-Sluice-Client: 203.0.113.9", "X-Forwarded-For: 1.2.3.4",
              "X-Sluice-Internal: 0", "X-Sluice-Action: still", "Content-Length: 0")  # fmt: skip
    ask("/x/..%2fgate/%66ile.txt?a=b", *forged)
    lines = stub.asked[-1].decode().split("\r\n")
    assert "X-Sluice-Uri: /gate/file.txt" in lines and "X-Sluice-Target: gate" in lines
    assert "X-Sluice-Client: 127.0.0.1" in lines or "X-Sluice-Client: ::1" in lines
    assert not any("/other" in line or "203.0.113" in line or "1.2.3.4" in line for line in lines)

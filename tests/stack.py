"""A real running Sluice for tests and benchmarks, started by deploy/up and stopped by deploy/down."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter

from control.storage.access_log import UNSAID
from tests import cluster, operator

REPO = Path(__file__).resolve().parents[1]

# Quick to notice files, and with every kind of neighbour that Sluice serves for: a mount and a gated directory.
NEIGHBOURS = """
[imports]
settle_seconds = 0.3
sweep_seconds = 1.0

[processing]
mount_scan_seconds = 1.0

[[mounts]]
name = "shelf"
path = "{data}/shelf"

[[protected]]
name = "gate"
url = "/gate/"
path = "{data}/gate"
"""

_MEDIA = """SELECT row_to_json(found) FROM (
    SELECT id::text, name, kind AS type, state, round(progress::numeric, 1)::float AS progress, error_code, error,
        visibility, owner_id::text, source, mount, encode(path, 'escape') AS path, size_bytes, mime, original,
        facts ->> 'duplicate_of' AS duplicate_of, width, height, duration, stills, tags, created_at,
        (SELECT coalesce(json_agg(one ->> 'rung'), '[]') FROM jsonb_array_elements(renditions) one) AS rungs,
        (SELECT coalesce(json_agg(one ->> 'rung'), '[]') FROM jsonb_array_elements(tracks) one) AS tracks
    FROM media WHERE name = '{name}' AND deleted_at IS NULL ORDER BY media.created_at DESC, id LIMIT 1) found"""

# Tests sign in more often than people, and look at no picture for its beauty.
SETTINGS = (
    """
[video]
preset = "ultrafast"

[server]
sign_ins_per_minute = 6000
cors_origins = ["http://player.localhost:8080"]

[metrics]
allowed_networks = ["127.0.0.1/32", "::1/128"]

[shares]
frame_origins = ["http://player.localhost:8080"]

[session]
max_devices = 1000

[password]
memory_mib = 19

[limits]
account_burst = 1000
network_burst = 1000
requests_burst = 100000
"""
    + NEIGHBOURS
)

PATIENCE = 120  # seconds at least for what must come true: a test waits, and says nothing about speed
START_SECONDS = 400
LOG_LINES = 60

# A film may be watched before it is finished.
REACHED = {"playable": {"playable", "completed"}, "failed": {"failed"}, "completed": {"completed"}}


class From(HTTPAdapter):
    """Connections from one address of this machine."""

    def __init__(self, address: str):
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self._address, 0), **options)


class Client(requests.Session):
    """A browser's HTTP half: relative paths go to the stack, cookies are kept, the stack's certificate is trusted."""

    def __init__(self, url: str, certificate: Path, address: str | None = None):
        """`address` (of 127.0.0.0/8) is where it comes from."""
        super().__init__()
        self.trust_env = False
        self.verify = str(certificate)
        self._url = url.replace("localhost", "127.0.0.1") if address else url
        if address:
            self.mount("https://", From(address))
            self.mount("http://", From(address))

    def request(self, method, url, **options):
        return super().request(method, self._url + url if url.startswith("/") else url, **options)


class Stack:
    """A running Sluice."""

    def __init__(self, data: Path, port: int):
        self.data, self.port, self.url = data, port, f"https://localhost:{port}"

    # --- asking ---------------------------------------------------------------------------------------

    def session(
        self, username: str | None = "admin", password: str | None = None, address: str | None = None
    ) -> Client:
        """A client that has signed in (as the first admin unless told otherwise); None: a stranger."""
        client = Client(self.url, self.data / "tls" / "certificate.pem", address)
        if username is not None:
            account = {"username": username, "password": password or self.admin_password}
            client.post("/api/auth/login", json=account, timeout=PATIENCE).raise_for_status()
        return client

    @property
    def admin_password(self) -> str:
        return (self.data / "admin-password").read_text().strip()

    @contextlib.contextmanager
    def _connected(self, host: str = "localhost") -> Iterator[ssl.SSLSocket]:
        context = ssl.create_default_context(cafile=self.data / "tls" / "certificate.pem")
        with (
            socket.create_connection((host, self.port), timeout=PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as secure,
        ):
            yield secure

    def wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with self._connected():
                    return
            except OSError:
                assert time.monotonic() < deadline, f"nothing listens on port {self.port}"
                time.sleep(0.05)

    def send_and_leave(self, request: bytes) -> None:
        """Send bytes as they are, and wait for nothing: a client that goes away."""
        with self._connected() as secure:
            secure.sendall(request)

    def raw(self, request: bytes, quiet_seconds: float = 2, host: str = "localhost") -> bytes:
        """Send bytes as they are and return all that comes back until the end, or until silence after something."""
        answer = b""
        with self._connected(host) as secure:
            secure.sendall(request)
            with contextlib.suppress(TimeoutError, ConnectionError, ssl.SSLError):
                while chunk := secure.recv(65536):
                    answer += chunk
                    secure.settimeout(quiet_seconds)
        return answer

    def sluice(self, *arguments: str, check: bool = True, given: str | None = None) -> str:
        """Run the operator's command, with `given` on its standard input, and return what it prints."""
        done = operator.command("--data", self.data, *arguments, cwd=REPO, given=given)
        if check and done.returncode:
            raise AssertionError(f"sluice {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    # --- media ----------------------------------------------------------------------------------------

    def drop(self, source: Path, name: str | None = None) -> str:
        """Put a copy of `source` into imports/ the way a finished download arrives: by rename. Returns its name."""
        name = name or source.name
        return self.place(source.read_bytes(), self.data / "imports" / name).name

    def place(self, content: bytes, path: Path) -> Path:
        """Write a whole file that belongs to the account of the stack."""
        owner = self.data.stat()
        with tempfile.NamedTemporaryFile(dir=self.data, delete=False) as file:
            file.write(content)
        os.chmod(file.name, 0o644)
        os.chown(file.name, owner.st_uid, owner.st_gid)
        os.replace(file.name, path)
        return path

    def media(self, name: str) -> dict | None:
        """The newest media with this name, as `sluice media show` tells it (which takes ten times as long), or None."""
        found = self.query(_MEDIA.format(name=name.replace("'", "''")))
        return json.loads(found) if found else None

    def wait_for_media(self, name: str, state: str = "completed", seconds: float = 120) -> dict:
        """The media `name` once it has reached `state`; fails at once when it fails instead."""
        deadline = time.monotonic() + max(seconds, 2 * PATIENCE)
        while True:
            media = self.media(name)
            if media and media["state"] in REACHED[state]:
                return media
            assert not (media and media["state"] == "failed"), f"{name} failed: {media['error']}"
            assert time.monotonic() < deadline, f"{name} is not {state}: {media}"
            time.sleep(0.3)

    def mount(self, name: str) -> dict:
        """What `sluice mount list` tells of a mount: its state ("" before the first look), the reason, what is missing."""
        found = self.query(
            "SELECT json_build_object('state', CASE WHEN away THEN 'away' ELSE 'here' END, 'reason', reason, "
            f"'missing', missing) FROM mounts WHERE name = '{name}'"
        )
        return json.loads(found) if found else {"state": "", "reason": "", "missing": 0}

    # --- looking inside -------------------------------------------------------------------------------

    def query(self, sql: str) -> str:
        """The one value that a query answers, asked as the account of the stack."""
        owner = self.data.stat()
        command = [cluster.program("psql"), "-h", self.data / "run", "-d", "sluice", "-Atc", sql]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, user=owner.st_uid, group=owner.st_gid, cwd="/"
        ).stdout.strip()  # fmt: skip

    def redis(self, *command: str) -> str:
        """What Redis answers."""
        return subprocess.run(
            ["redis-cli", "-s", self.data / "run/redis.sock", *command], capture_output=True, text=True, check=True
        ).stdout.strip()  # fmt: skip

    def forget_limits(self) -> None:
        """Everybody may try again."""
        for key in self.redis("KEYS", "sluice:limit:*").split():
            self.redis("DEL", key)

    def deliveries(self) -> list[dict]:
        """Every line of Nginx's log."""
        text = (self.data / "logs/access.log").read_text(errors="replace")
        return [UNSAID | json.loads(line) for line in text.split("\n") if line]

    def wait_for_deliveries(self, start: int, wanted, count: int = 1) -> list[dict]:
        """The lines from `start` on for which `wanted` is true, once there are `count` of them and no more come.

        Each worker of Nginx writes what it has kept after a second.
        """
        deadline, before = time.monotonic() + PATIENCE, None
        while time.monotonic() < deadline:
            lines = self.deliveries()
            found = [line for line in lines[start:] if wanted(line)]
            if len(found) >= count and len(lines) == before:
                return found
            before = len(lines)
            time.sleep(1.5)
        return found

    # --- breaking things ------------------------------------------------------------------------------

    def supervisor(self, *command: str) -> str:
        """Start or stop one program of the stack, such as "stores:redis"."""
        run = self.data / "run"
        environment = {**os.environ, "SLUICE_DATA": str(self.data), "SLUICE_RUN": str(run)}
        return subprocess.run(
            [REPO / ".venv/bin/supervisorctl", "-c", REPO / "deploy/supervisor/sluice.conf", *command],
            capture_output=True, text=True, env=environment,
        ).stdout  # fmt: skip

    def pids(self, program: str) -> list[int]:
        """The process of a program ("stores:redis") and all of its children."""
        main = int(self.supervisor("pid", program))
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        return [main, *map(int, children)]

    @contextlib.contextmanager
    def paused(self, program: str, workers: bool = False) -> Iterator[None]:
        """A program that is there and says nothing (SIGSTOP); its `workers` alone still have who looks after them."""
        stopped = self.pids(program)[workers:]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def stopped(self, program: str) -> Iterator[None]:
        """A program that is not there; control answers again when this is over."""
        self.supervisor("stop", program)
        try:
            yield
        finally:
            self.supervisor("start", program)
            if program == "sluice:control":
                self.sluice("ready", "--wait", "120")

    # --- logs -----------------------------------------------------------------------------------------

    def logs(self) -> str:
        """The last lines of every program's log."""
        tails = []
        for log in sorted((self.data / "logs").glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
            tails.append("\n".join([f"--- {log.name}", *lines]))
        return "\n".join(tails)


@contextlib.contextmanager
def running(
    settings: str = SETTINGS, neighbours: tuple[str, ...] = ("shelf", "gate"), data: Path | None = None
) -> Iterator[Stack]:
    """A Sluice with an empty library and these directories beside it, gone afterwards; in the empty directory `data`,
    or in one of its own."""
    data = data or Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
    for neighbour in neighbours:
        (data / neighbour).mkdir()
    (data / "sluice.toml").write_text(settings.format(data=data))
    cluster.lay(data)
    stack = Stack(data, free_port())
    try:
        start(stack)
        yield stack
    finally:
        stop(stack)
        shutil.rmtree(data)


def start(stack: Stack) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")}
    up = subprocess.run(
        [REPO / "deploy/up", "--data", stack.data, "--port", str(stack.port), "--detach", "--no-install"],
        capture_output=True, text=True, env=environment, timeout=START_SECONDS,
    )  # fmt: skip
    if up.returncode:
        raise RuntimeError(f"deploy/up failed:\n{up.stdout}{up.stderr}")


def stop(stack: Stack) -> None:
    subprocess.run([REPO / "deploy/down", "--data", stack.data], check=True, timeout=START_SECONDS)


_reserved: list[socket.socket] = []  # they reserve a port by their name for as long as this process lives


def free_port() -> int:
    """A port below those that connections take by themselves, and that no other test of this machine was given."""
    while True:
        port, name = 20000 + secrets.randbelow(10000), socket.socket(socket.AF_UNIX)
        with contextlib.suppress(OSError), socket.socket() as probe:
            name.bind(f"\0sluice-test-{port}")
            probe.bind(("localhost", port))
            _reserved.append(name)
            return port

"""What is measured: the rendered configuration of a real stack in a second Nginx, with a raw and a no-op neighbour."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import jinja2

from control.settings import load
from nginx import contract
from nginx.render import text
from nginx.settings import TEMPLATES, binary, context
from tests.stack import REPO, Stack, free_port, running

SETTINGS = """
[server]
workers = 1

[[protected]]
name = "gate"
url = "/gate/"
path = "{data}/gate"
"""

# name -> bytes: a small file and a segment of a film.
FILES = {"small": 16 << 10, "segment": 1_500_000}


@dataclass(frozen=True)
class World:
    """Paths of what is measured, below `url`, and the cookie of somebody who may."""

    url: str
    cookie: str
    media: str
    prefix: str  # signed

    def raw(self, name: str) -> str:
        return f"/bench/raw/{name}.ts"

    def gated(self, name: str) -> str:
        return f"/gate/{name}.ts"

    def signed(self, name: str) -> str:
        return f"{self.prefix}/360p/{contract.segment_name(list(FILES).index(name))}"


@contextlib.contextmanager
def world(sessions: int = 0, media: int = 0) -> Iterator[World]:
    """A running stack with as many other sessions and media; everything is gone afterwards."""
    with running(SETTINGS) as stack:
        media_id = _media(stack)
        _populate(stack, sessions, media)
        port = free_port()
        with _noop(stack), _nginx(stack, port, media_id):
            client = stack.session()
            secret = json.loads((stack.data / "keys/links.json").read_text())["keys"]["k1"]
            prefix = contract.hls_prefix("k1", secret, int(time.time()) + 86400, "0" * 32, media_id)
            cookie = f"{contract.ACCESS_COOKIE.name}={client.cookies[contract.ACCESS_COOKIE.name]}"
            yield World(f"http://127.0.0.1:{port}", cookie, media_id, prefix)


def _media(stack: Stack) -> str:
    """A library row, its two "segments" in the vault, and the same bytes behind the gate."""
    media_id = str(uuid.uuid4())
    rung = stack.data / "vault" / contract.vault_directory(media_id) / "360p"
    owner = stack.data.stat()
    subprocess.run(["mkdir", "-p", rung], check=True, user=owner.st_uid, group=owner.st_gid)
    for number, size in enumerate(FILES.values()):
        content = os.urandom(size)
        stack.place(content, rung / contract.segment_name(number))
        stack.place(content, stack.data / "gate" / f"{list(FILES)[number]}.ts")
    stack.query(
        "INSERT INTO media (id, name, kind, size_bytes, source, state) "
        f"VALUES ('{media_id}', 'bench', 'video', 1, 'import', 'completed')"
    )
    return media_id


def _populate(stack: Stack, sessions: int, media: int) -> None:
    if sessions:
        stack.query(
            "INSERT INTO sessions (user_id, device_id, device_name, device_type, address, refresh_hash, expires_at) "
            "SELECT u.id, md5(n::text), 'bench', 'script', '127.0.0.1', decode(md5(n::text), 'hex'), now() + '1 day' "
            f"FROM users u, generate_series(1, {sessions}) n"
        )
    if media:
        stack.query(
            "INSERT INTO media (name, kind, size_bytes, source, state) "
            f"SELECT 'bench ' || n, 'video', 1, 'import', 'completed' FROM generate_series(1, {media}) n"
        )


@contextlib.contextmanager
def _noop(stack: Stack) -> Iterator[None]:
    owner = stack.data.stat()
    command = [REPO / ".venv/bin/gunicorn", "-c", "tests/bench/noop.conf.py", "tests.bench.noop:app"]
    environment = {**os.environ, "NOOP_SOCKET": str(stack.data / "run/noop.sock"), "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen(
        command, cwd=REPO, env=environment, user=owner.st_uid, group=owner.st_gid, extra_groups=[]
    )
    try:
        _wait_for(stack.data / "run/noop.sock")
        yield
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def _nginx(stack: Stack, port: int, media_id: str) -> Iterator[None]:
    """The rendered server on plain HTTP and one worker, with the neighbours it is compared to."""
    path, pid = stack.data / "nginx/bench.conf", stack.data / "run/bench.pid"
    stack.place(_configuration(stack, port, media_id).encode(), path)
    owner = stack.data.stat()
    process = subprocess.Popen(
        [binary(), "-p", stack.data / "nginx", "-c", path, "-g", "daemon off;"],
        user=owner.st_uid, group=owner.st_gid, extra_groups=[],
    )  # fmt: skip
    try:
        _wait_for(pid)
        yield
    finally:
        process.terminate()
        process.wait()


def _configuration(stack: Stack, port: int, media_id: str) -> str:
    settings = load(stack.data)
    rendered = text(settings)
    rendered = re.sub(r"listen [^;]*;", "", rendered).replace(
        "server_name _;", f"listen 127.0.0.1:{port};\nserver_name _;"
    )
    rendered = rendered.replace("nginx.pid", "bench.pid").replace("worker_processes auto", "worker_processes 1")
    rendered = re.sub(r"ssl_\w+ [^;]*;", "", rendered)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined)  # noqa: S701
    proxy = environment.get_template("snippets/control-proxy.conf.j2").render(context(settings))
    neighbours = f"""
        location ^~ /bench/raw/ {{
            alias "{stack.data}/gate/";
            access_log "{settings.paths.logs}/access.log" segment buffer=64k flush=1s;
        }}
        location = /bench/nothing {{
            {proxy}
            set $sluice_action still; set $sluice_target "{media_id}";
            proxy_set_header {contract.INTERNAL_HOP.name} "1";
            proxy_pass http://nothing/nothing;
        }}
        location = /bench/decision {{
            {proxy}
            set $sluice_action still; set $sluice_target "{media_id}";
            proxy_set_header {contract.INTERNAL_HOP.name} "1";
            proxy_pass http://control{contract.AUTH.path};
        }}
    }}
    upstream nothing {{ server "unix:{settings.paths.run}/noop.sock"; keepalive 64; keepalive_timeout 60s; }}
}}
"""
    return rendered.rstrip().removesuffix("}").rstrip().removesuffix("}") + neighbours


def _wait_for(path) -> None:
    deadline = time.monotonic() + 15
    while not path.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{path} did not appear")
        time.sleep(0.05)
    time.sleep(0.5)

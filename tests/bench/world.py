"""What is measured: the rendered configuration of a real stack in a second Nginx, with a raw and a no-op neighbour."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jinja2
import requests

from control.services.tokens import SigningKeys, Tokens
from control.settings import load
from nginx import contract
from nginx.render import text
from nginx.settings import TEMPLATES, binary, context
from tests.stack import REPO, Client, Stack, free_port, running

SETTINGS = """
[server]
workers = 1
sign_ins_per_minute = 60000

[session]
max_devices = 1000000

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
    directory: Path
    cookies: list[str]  # of everybody who is signed in
    library: list[str]  # every media

    def crowd(self, what: str) -> str:
        """A file for crowd.lua: all media, each asked for by the next one of all sessions."""
        file = self.directory / f"{what}.crowd"
        askers = itertools.cycle(self.cookies)
        file.write_text("".join(f"{next(askers)}\t/bench/{what}/{media}\n" for media in self.library))
        return str(file)

    def warm_up(self) -> None:
        """Every session and media is known to the worker."""
        context = requests.Session()
        askers = itertools.cycle(self.cookies)
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda one: context.get(
                f"{self.url}/bench/decision/{one[0]}", headers={"Cookie": one[1]}).raise_for_status(),
                zip(self.library, askers, strict=False)))  # fmt: skip

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
        with _noop(stack), plain_nginx(stack, port):
            client = stack.session()
            secret = json.loads((stack.data / "keys/links.json").read_text())["keys"]["k1"]
            prefix = contract.hls_prefix("k1", secret, int(time.time()) + 86400, "0" * 32, media_id)
            cookie = f"{contract.ACCESS_COOKIE.name}={client.cookies[contract.ACCESS_COOKIE.name]}"
            cookies, library = _crowd(stack) if sessions else ([cookie], [media_id])
            yield World(f"http://127.0.0.1:{port}", cookie, media_id, prefix, stack.data / "gate", cookies, library)


@contextlib.contextmanager
def bad_sign_ins(place: World, per_second: int) -> Iterator[Callable[[], int]]:
    """Wrong passwords at a steady pace; yields how many have been refused so far."""
    stop, refused = threading.Event(), []

    def one(number: int) -> None:
        client = Client(place.url, Path("/"), f"127.90.{number // 250 % 250}.{number % 250 + 1}")
        answer = client.post("/api/auth/login", json={"username": f"nobody-{number}", "password": "wrong"}, timeout=30)
        refused.append(answer.status_code)
        assert answer.status_code in (401, 503), answer.text  # hashed, or honestly busy

    def pace() -> None:
        with ThreadPoolExecutor(64) as pool:
            for number in itertools.count():
                if stop.wait(1 / per_second):
                    return
                pool.submit(one, number)

    pacing = threading.Thread(target=pace)
    pacing.start()
    try:
        yield lambda: refused.count(401)
    finally:
        stop.set()
        pacing.join()


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


def _crowd(stack: Stack) -> tuple[list[str], list[str]]:
    """The cookies of all sessions, and the ids of all media."""
    settings = load(stack.data)
    tokens = Tokens(SigningKeys.from_file(settings.paths.keys / "tokens.json"), 86400, 86400)
    found = (line.split("|") for line in stack.query("SELECT user_id, id FROM sessions").splitlines())
    cookies = [f"{contract.ACCESS_COOKIE.name}={tokens.mint('access', user, session)[0]}" for user, session in found]
    return cookies, stack.query("SELECT id FROM media").splitlines()


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
def plain_nginx(stack: Stack, port: int) -> Iterator[None]:
    """The rendered server on plain HTTP and one worker, with the neighbours it is compared to."""
    path, pid = stack.data / "nginx/bench.conf", stack.data / "run/bench.pid"
    stack.place(_configuration(stack, port).encode(), path)
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


def _configuration(stack: Stack, port: int) -> str:
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
        location ~ "^/bench/nothing/(?<sluice_target>[0-9a-f-]+)$" {{
            {proxy}
            set $sluice_action still;
            proxy_set_header {contract.INTERNAL_HOP.name} "1";
            set $bench ""; proxy_pass http://nothing/nothing$bench;  # a variable: a regex location may not name a path
        }}
        location ~ "^/bench/decision/(?<sluice_target>[0-9a-f-]+)$" {{
            {proxy}
            set $sluice_action still;
            proxy_set_header {contract.INTERNAL_HOP.name} "1";
            set $bench ""; proxy_pass http://control{contract.AUTH.path}$bench;
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

"""Edges in front of a stack, and more control hosts beside it, on this machine."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from nginx.settings import binary
from tests.stack import PATIENCE, Stack, free_port, start, stop

SHARED = ("imports", "vault", "archive", "files", "quarantine", "keys", "spool")


def door(stack: Stack) -> str:
    """Where edges ask a control host."""
    return "127.0.0.1:" + re.search(r"^door = (\d+)$", (stack.data / "sluice.toml").read_text(), re.MULTILINE)[1]


def minted(stack: Stack, name: str, *others: Stack) -> Stack:
    """The directory of an edge of `stack` and of other control hosts, not started yet."""
    edge = Stack(stack.data / name, free_port())
    doors = [part for host in (stack, *others) for part in ("--origin", door(host))]
    stack.sluice("edge", "mint", name, str(edge.data), "--port", str(edge.port), *doors)
    for other in others:
        other.sluice("nginx", "reload", "--no-verify")
    return edge


@contextlib.contextmanager
def serving(edge: Stack) -> Iterator[Stack]:
    """Its Nginx alone, for as long as this lasts."""
    edge.sluice("init")
    edge.sluice("nginx", "render")
    owner = edge.data.stat()
    nginx = edge.data / "nginx"
    process = subprocess.Popen(
        [binary(), "-p", nginx, "-c", nginx / "nginx.conf", "-e", "stderr", "-g", "daemon off;"],
        user=owner.st_uid, group=owner.st_gid, cwd="/",
    )  # fmt: skip
    try:
        edge.wait_until_it_listens()
        yield edge
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextlib.contextmanager
def running_edge(edge: Stack) -> Iterator[Stack]:
    """All of it, by deploy/up."""
    start(edge)
    try:
        yield edge
    finally:
        stop(edge)


@contextlib.contextmanager
def another_host(stack: Stack, settings: str, shared: tuple[str, ...] = SHARED) -> Iterator[Stack]:
    """A control host that shares Postgres, Redis, media and keys with `stack`; its own are sockets, logs and Nginx."""
    data = Path(f"{stack.data}-2")
    data.mkdir()
    for name in shared:
        (data / name).symlink_to(stack.data / name)
    stores = f"""
[database]
url = "postgresql:///sluice?host={stack.data}/run"

[redis]
url = "unix://{stack.data}/run/redis.sock"
"""
    (data / "sluice.toml").write_text(settings.format(data=stack.data) + stores)
    owner = stack.data.stat()
    os.chown(data, owner.st_uid, owner.st_gid)
    host = Stack(data, free_port())
    try:
        start(host)
        yield host
    finally:
        stop(host)
        shutil.rmtree(data)

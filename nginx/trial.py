"""A configuration at work before it replaces the one that serves: an Nginx beside it, on a port of this machine alone.

It has the same files and the same control behind it, and its own log, cache and temporary files, gone afterwards.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from control.settings import Settings
from control.settings.paths import Paths
from nginx import contract, render
from nginx.settings import binary

START_SECONDS = 15.0
STOP_SECONDS = 5.0
HOST = "127.0.0.1"


class _TrialPaths(Paths):
    """Those of the settings, but for what two Nginxes must not share."""

    @property
    def nginx(self) -> Path:
        return self.data / "nginx" / "trial"

    @property
    def logs(self) -> Path:
        return self.nginx

    @property
    def cache(self) -> Path:
        cache = super().cache
        return cache.with_name(cache.name + "-trial")


@contextmanager
def trial(settings: Settings, **other: Any) -> Iterator[int]:
    """Start it, with some `other` values in its templates, and say on which port of HOST it listens.

    Raises RenderError where Nginx does not take it.
    """
    paths = _TrialPaths(settings.data)
    render.make_directories(settings)
    paths.nginx.mkdir(mode=0o700, exist_ok=True)
    try:
        with _running(settings, paths, other) as port:
            yield port
    finally:
        for directory in (paths.nginx, paths.cache):
            shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _running(settings: Settings, paths: Paths, other: dict[str, Any]) -> Iterator[int]:
    port = _free_port()
    configuration = paths.nginx / "nginx.conf"
    configuration.touch(mode=0o600)
    objects_socket = contract.objects_socket(paths.run, trial=True)
    objects_socket.unlink(missing_ok=True)  # of one that was killed
    own = {"paths": paths, "pid": paths.nginx / "nginx.pid", "listens": [f"{HOST}:{port}"], "door": None,
           "objects_socket": objects_socket}  # fmt: skip
    configuration.write_text(render.text(settings, **own, **other))
    render.check(configuration, settings)
    command = [binary(), "-p", paths.nginx, "-c", configuration, "-e", "stderr", "-g", "daemon off;"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _wait_for(port, process)
        yield port
    finally:
        _stop(process)


def _wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    _stop(process)
    raise render.RenderError(f"it does not start: {process.communicate()[1].strip()}")


def _stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]

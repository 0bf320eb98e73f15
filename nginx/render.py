"""Render the Nginx configuration that development, tests and production share: ``python -m nginx.render``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jinja2

from control.settings import Settings, load
from control.settings.paths import Paths
from control.settings.sections import Mount
from nginx import contract
from nginx.settings import TEMPLATES, binary, context

RELOAD_SECONDS = 10.0


class RenderError(Exception):
    """The configuration cannot be rendered, or Nginx refuses it; the text is Nginx's own."""


def render(settings: Settings) -> Path:
    """Write DIR/nginx/nginx.conf and return its path, and one more for each mount beside it.

    Each replaces the old one only after ``nginx -t`` accepts it.
    """
    make_directories(settings)
    render_drives(settings)
    return put_in_place(text(settings), settings.paths.nginx / "nginx.conf", settings)


def try_out(settings: Settings) -> None:
    """Raises RenderError unless Nginx accepts the configuration of these settings; nothing is put in place."""
    make_directories(settings)
    candidate = settings.paths.nginx / "trial.candidate"
    try:
        candidate.touch(mode=0o600)
        candidate.write_text(text(settings))
        check(candidate, settings)
    finally:
        candidate.unlink(missing_ok=True)


def render_drives(settings: Settings) -> None:
    """The configurations of the mounts' own Nginxes, and the supervisor's list of them."""
    drives = settings.paths.nginx / "drives"
    for mount in settings.mounts:
        put_in_place(drive_text(settings, mount), drives / f"{mount.name}.conf", settings)
    for old in drives.glob("*.conf"):
        if old.stem not in {mount.name for mount in settings.mounts}:
            old.unlink()
    supervised = environment().get_template("drives.ini.j2").render(context(settings))
    (settings.paths.nginx / "drives.ini").write_text(supervised)


def make_directories(settings: Settings) -> None:
    paths = settings.paths
    for directory in (paths.nginx / "drives", paths.logs, paths.run, contract.away_flag(paths.run, "")):
        directory.mkdir(parents=True, exist_ok=True)
    for private in (paths.cache, paths.spool, contract.edge_logs(paths.logs)):
        private.mkdir(mode=0o700, parents=True, exist_ok=True)


def put_in_place(configuration: str, target: Path, settings: Settings) -> Path:
    candidate = target.with_suffix(".candidate")
    candidate.write_text(configuration)
    candidate.chmod(0o600)  # it holds the secrets of secure_link
    check(candidate, settings)
    os.replace(candidate, target)
    return target


def reload(paths: Paths) -> bool:
    """Let the running Nginx take its new configuration, and return once it has; False where none runs.

    What is being sent is sent to its end.
    """
    try:
        master = int((paths.run / "nginx.pid").read_text())
        before = _workers(master)
        os.kill(master, signal.SIGHUP)
    except (OSError, ValueError):
        return False
    deadline = time.monotonic() + RELOAD_SECONDS
    while not _took_over(master, before) and time.monotonic() < deadline:
        time.sleep(0.02)
    return True


def _took_over(master: int, before: set[str]) -> bool:
    """Whether new workers take all new connections: for a tenth of a second the old ones take some as well."""
    workers = _workers(master)
    return bool(workers - before) and not any(_takes_connections(worker) for worker in workers & before)


def _workers(master: int) -> set[str]:
    return set(Path(f"/proc/{master}/task/{master}/children").read_text().split())


def _takes_connections(worker: str) -> bool:
    """One that only ends what it has calls itself "worker process is shutting down"."""
    try:
        return Path(f"/proc/{worker}/cmdline").read_bytes().rstrip(b"\0 ").endswith(b"worker process")
    except OSError:
        return False


def text(settings: Settings, **other: Any) -> str:
    """The configuration of the main Nginx (of an edge where the settings name origins), with some `other` values of the
    context than the settings give.

    A name that nobody declared raises jinja2.UndefinedError.
    """
    template = "edge.conf.j2" if settings.edge.origins else "nginx.conf.j2"
    return environment().get_template(template).render(context(settings) | other)


def drive_text(settings: Settings, mount: Mount) -> str:
    """The configuration of the Nginx that reads one mount."""
    return environment().get_template("drive.conf.j2").render(context(settings), mount=mount)


def environment() -> jinja2.Environment:
    return jinja2.Environment(  # noqa: S701 (a configuration file, not HTML)
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip


def check(path: Path, settings: Settings) -> None:
    command = [binary(), "-t", "-q", "-p", str(settings.paths.nginx), "-c", str(path), "-e", "stderr"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise RenderError(outcome.stderr.strip())


if __name__ == "__main__":
    print(render(load(sys.argv[1] if len(sys.argv) > 1 else None)))

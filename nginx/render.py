"""Render the one Nginx configuration that development, tests and production share: ``python -m nginx.render``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jinja2

from control.settings import Settings, load
from nginx.settings import TEMPLATES, binary, context


class RenderError(Exception):
    """The configuration cannot be rendered, or Nginx refuses it; the text is Nginx's own."""


def render(settings: Settings) -> Path:
    """Write DIR/nginx/nginx.conf and return its path. It replaces the old one only after ``nginx -t`` accepts it."""
    for directory in (settings.paths.nginx, settings.paths.logs, settings.paths.run):
        directory.mkdir(parents=True, exist_ok=True)
    settings.paths.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = settings.paths.nginx / "nginx.conf"
    candidate = target.with_suffix(".candidate")
    candidate.write_text(text(settings))
    candidate.chmod(0o600)  # it holds the secrets of secure_link
    check(candidate, settings)
    os.replace(candidate, target)
    return target


def text(settings: Settings) -> str:
    """The configuration itself. A name that nobody declared raises jinja2.UndefinedError."""
    environment = jinja2.Environment(  # noqa: S701 (a configuration file, not HTML)
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    return environment.get_template("nginx.conf.j2").render(context(settings))


def check(path: Path, settings: Settings) -> None:
    command = [binary(), "-t", "-q", "-p", str(settings.paths.nginx), "-c", str(path), "-e", "stderr"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    if outcome.returncode != 0:
        raise RenderError(outcome.stderr.strip())


if __name__ == "__main__":
    print(render(load(sys.argv[1] if len(sys.argv) > 1 else None)))

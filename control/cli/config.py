"""``sluice config``: the settings in effect, and whether they can be used."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from control import settings
from control.cli import first_admin
from control.cli.outcome import as_json, show
from nginx.render import try_out


@click.group()
def command() -> None:
    """The settings."""


@command.command()
@as_json
@click.pass_obj
def check(data: Path, as_json: bool) -> None:
    """Try sluice.toml out before a restart: every setting, the files that it names, and Nginx's word on them.

    Nothing is changed. Exit code 2 names what is wrong.
    """
    loaded = settings.load(data)
    try_out(loaded)
    show({"settings": str(data / "sluice.toml"), "state": "ok", "address": loaded.public_url}, as_json)


@command.command("show")
@as_json
@click.option("--shell", is_flag=True, help="Print what deploy/up needs, as shell variables.")
@click.pass_obj
def show_(data: Path, as_json: bool, shell: bool) -> None:
    """Print the settings in effect; passwords in URLs are left out."""
    loaded = settings.load(data)
    if shell:
        for name, value in for_shell(loaded).items():
            click.echo(f"{name}={shlex.quote(value)}")
    else:
        effective = without_passwords(loaded)
        show(effective if as_json else flat(effective), as_json)


def for_shell(loaded: settings.Settings) -> dict[str, str]:
    edge = bool(loaded.edge.origins)
    return {
        "RUN": str(loaded.paths.run),
        "PORT_NUMBER": str(loaded.server.port),
        "DOOR_NUMBER": str(loaded.edge.door or ""),
        "URL": loaded.public_url,
        "EDGE": "yes" if edge else "no",
        "PRIVATE_POSTGRES": "no" if loaded.database.url or edge else "yes",
        "PRIVATE_REDIS": "no" if loaded.redis.url or edge else "yes",
        "PROGRAMS": "sluice:nginx sluice:sync" if edge else "sluice:control sluice:processor sluice:nginx",
        "ADMIN": first_admin.name(loaded.data),
        "FINGERPRINT": hashlib.sha256(loaded.model_dump_json().encode()).hexdigest(),
    }


def without_passwords(loaded: settings.Settings) -> dict[str, Any]:
    effective = json.loads(loaded.model_dump_json())
    for section in ("database", "redis"):
        url = urlsplit(effective[section]["url"])
        if url.password:
            effective[section]["url"] = url._replace(netloc=url.netloc.replace(f":{url.password}@", ":…@")).geturl()
    return effective


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """{"server": {"port": 1027}} -> {"server.port": 1027}"""
    found = {}
    for name, value in values.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found

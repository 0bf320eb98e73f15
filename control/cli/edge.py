"""``sluice edge``: mint, remove and verify on a control host, and what an edge does by itself: sync."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import click

from control import settings
from control.cli import verification
from control.cli.door import Door
from control.cli.edge_certificates import ensure_door
from control.cli.edge_certificates import mint as mint_certificate
from control.cli.outcome import CommandError
from control.cli.settings_file import edge_settings_file
from control.files import write_secret, write_whole
from control.settings import Settings
from control.storage.access_log import NAME
from control.storage.log_rotation import Rotation, held
from nginx import contract
from nginx.render import reload, render


@click.group()
def command() -> None:
    """The edge: what Nginx says to whom."""


command.add_command(verification.command)


@command.command()
@click.argument("name")
@click.argument("place", type=click.Path(path_type=Path))
@click.option("--origin", "origins", multiple=True, required=True, metavar="HOST:PORT",
              help="The door of a control host, as the edge reaches it; several may be named.")  # fmt: skip
@click.option("--port", type=click.IntRange(1, 65535), help="Where the edge listens; default: as here.")
@click.pass_obj
def mint(data: Path, name: str, place: Path, origins: tuple[str, ...], port: int | None) -> None:
    """Let the edge NAME in, and make its data directory PLACE: carry that there, and start it by deploy/up.

    It holds the secrets of signed prefixes and the edge's certificate, but no key of a film and no way to the database.
    """
    loaded = _with_door(data)
    if not re.fullmatch(contract.EDGE_NAME, name):
        raise CommandError("the name of an edge has small letters, digits and hyphens, 31 at most")
    place.mkdir(parents=True)
    (place / "keys").mkdir(mode=0o700)
    ensure_door(loaded.paths.keys)
    mint_certificate(loaded.paths.keys, name, place / "keys")
    shutil.copy(loaded.paths.keys / "links.json", place / "keys")
    server = {
        "port": port or loaded.server.port,
        "public_url": loaded.server.public_url,
        "allowed_networks": loaded.server.allowed_networks,
        "cors_origins": loaded.server.cors_origins,
    }
    write_whole(place / "sluice.toml", edge_settings_file(server, list(origins)), 0o640)
    settings.load(place, settings.Elsewhere)
    click.echo(f"made {place}; {_taken_up(loaded)}")


@command.command()
@click.argument("name")
@click.pass_obj
def remove(data: Path, name: str) -> None:
    """No longer let the edge NAME in; what it is sending is sent to its end."""
    loaded = _with_door(data)
    if not re.fullmatch(contract.EDGE_NAME, name):
        raise CommandError(f"there is no edge {name}")
    try:
        (loaded.paths.keys / contract.EDGES / f"{name}.pem").unlink()
    except FileNotFoundError:
        raise CommandError(f"there is no edge {name}") from None
    taken_up = _taken_up(loaded)
    click.echo(f"removed {name}; {taken_up}. It has seen the secrets of signed links: sluice link rotate-key, twice")


def _with_door(data: Path) -> Settings:
    loaded = settings.load(data)
    if not loaded.edge.door:
        raise CommandError("this control host has no door for edges: set [edge] door to a port, and restart")
    return loaded


def _taken_up(loaded: Settings) -> str:
    render(loaded)
    here = "Nginx knows it" if reload(loaded.paths) else "Nginx does not run here"
    return f"{here}; on other control hosts: sluice nginx reload"


@command.command()
@click.option("--every", type=click.FloatRange(0.1), metavar="SECONDS", help="Again and again; default: once.")
@click.pass_obj
def sync(data: Path, every: float | None) -> None:
    """On an edge: fetch the secrets of signed links, and send what the log says of deliveries to a control host."""
    loaded = settings.load(data)
    if not loaded.edge.origins:
        raise CommandError("this is no edge: [edge] origins names no control host")
    while every:
        try:
            sync_once(loaded)
        except (OSError, CommandError) as error:
            click.echo(f"no control host could be asked: {error}", err=True)
        time.sleep(every)
    sync_once(loaded)


def sync_once(loaded: Settings) -> None:
    """Raises OSError where no control host can be asked; nothing is lost then."""
    logs, pid_file = loaded.paths.logs, loaded.paths.run / "nginx.pid"
    Rotation(logs, pid_file, 0).turn()
    door = Door(loaded.edge.origins, loaded.paths.keys)
    _take_up_keys(loaded, door.get(contract.EDGE_KEYS.path))
    for piece in sorted(logs.glob(f"{NAME}.*")):
        if not held(piece, pid_file):
            door.put(contract.EDGE_LOGS.path + piece.name, piece)
            piece.unlink()


def _take_up_keys(loaded: Settings, fetched: bytes) -> None:
    """Links that are signed by a key which is not known here yet are the control host's to check."""
    path = loaded.paths.keys / "links.json"
    if json.loads(fetched)["keys"] != json.loads(path.read_bytes())["keys"]:
        write_secret(path, fetched)
        render(loaded)
        reload(loaded.paths)

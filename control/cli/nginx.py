"""``sluice nginx render``: the configuration of Nginx from the settings."""

from __future__ import annotations

from pathlib import Path

import click

from control import settings
from control.cli.outcome import CommandError
from nginx.render import reload, render


@click.group()
def command() -> None:
    """The configuration of Nginx."""


@command.command("render")
@click.pass_obj
def render_(data: Path) -> None:
    """Write DIR/nginx/nginx.conf and one configuration for each mount, once Nginx accepts them."""
    click.echo(render(settings.load(data)))


@command.command("reload")
@click.pass_obj
def reload_(data: Path) -> None:
    """Render, and let the running Nginx take the new configuration; what is being sent is sent to its end."""
    loaded = settings.load(data)
    render(loaded)
    if not reload(loaded.paths):
        raise CommandError("Nginx does not run here. Start it with deploy/up, or systemctl start sluice-nginx.")
    click.echo("reloaded")


@command.command()
@click.pass_obj
def drives(data: Path) -> None:
    """Print the names of the mounts, one a line: each is read by an Nginx of its own (sluice-drive@NAME)."""
    for mount in settings.load(data).mounts:
        click.echo(mount.name)

"""``sluice nginx``: the configuration of Nginx from the settings, tried out before it is used."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from control import settings
from control.cli import verification
from control.cli.instance import opened
from control.cli.outcome import CommandError
from nginx.render import reload, render
from nginx.trial import trial


@click.group()
def command() -> None:
    """The configuration of Nginx."""


@command.command("render")
@click.pass_obj
def render_(data: Path) -> None:
    """Write DIR/nginx/nginx.conf and one configuration for each mount, once Nginx accepts them."""
    click.echo(render(settings.load(data)))


@command.command("reload")
@click.option("--verify/--no-verify", default=True, show_default=True,
              help="Ask a trial Nginx with the new configuration first, as `sluice edge verify` does.")  # fmt: skip
@click.pass_obj
def reload_(data: Path, verify: bool) -> None:
    """Render, and let the running Nginx take the new configuration; what is being sent is sent to its end.

    Exit code 1: the new configuration gives a wrong answer, which is named; nothing has changed.
    """
    loaded = settings.load(data)
    if verify and not loaded.edge.origins:  # whoever asks an edge must know the database: `sluice edge verify --at`
        _must_be_sound(data)
    render(loaded)
    if not reload(loaded.paths):
        raise CommandError("Nginx does not run here. Start it with deploy/up, or systemctl start sluice-nginx.")
    click.echo("reloaded")


def _must_be_sound(data: Path) -> None:
    with opened(data) as services, trial(services.settings) as port:
        verdict = verification.verify(services, port)
    if verdict.holes:
        verification.tell(verdict, as_json=False)
        click.echo("Nothing has changed: Nginx goes on with the configuration that it has.")
        sys.exit(1)


@command.command()
@click.pass_obj
def drives(data: Path) -> None:
    """Print the names of the mounts, one a line: each is read by an Nginx of its own (sluice-drive@NAME)."""
    for mount in settings.load(data).mounts:
        click.echo(mount.name)

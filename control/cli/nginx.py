"""``sluice nginx render``: the configuration of Nginx from the settings."""

from __future__ import annotations

from pathlib import Path

import click

from control import settings
from nginx.render import render


@click.group()
def command() -> None:
    """The configuration of Nginx."""


@command.command("render")
@click.pass_obj
def render_(data: Path) -> None:
    """Write DIR/nginx/nginx.conf and one configuration for each mount, once Nginx accepts them."""
    click.echo(render(settings.load(data)))

"""``sluice link``: signed links."""

from __future__ import annotations

from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.media import find
from control.cli.outcome import as_json, show
from control.services.users import OPERATOR


@click.group()
def command() -> None:
    """Signed links to originals."""


@command.command()
@click.argument("media")
@click.option("--kind", type=click.Choice(["d", "stream"]), default="d", show_default=True,
              help="d: checked by Nginx alone; stream: checked by control.")  # fmt: skip
@click.option("--ttl", type=int, help="Seconds until it expires; default: links.default_seconds.")
@as_json
@click.pass_obj
def mint(data: Path, media: str, kind: str, ttl: int | None, as_json: bool) -> None:
    """Print a link to the original of MEDIA (an id or a name)."""
    with opened(data) as services:
        link = services.links.mint(find(services, media), kind, ttl, OPERATOR.role)
    if as_json:
        show({"url": link.url, "expires": link.expires.isoformat(timespec="seconds")}, as_json)
    else:
        click.echo(link.url)

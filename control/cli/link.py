"""``sluice link``: signed links."""

from __future__ import annotations

import time
from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.media import find
from control.cli.outcome import as_json, show
from control.services.link_keys import LOOK_SECONDS
from control.services.users import OPERATOR
from nginx.render import reload, render


@click.group()
def command() -> None:
    """Signed links to originals."""


@command.command("rotate-key")
@as_json
@click.pass_obj
def rotate_key(data: Path, as_json: bool) -> None:
    """Sign links and film addresses by a new key from now on; those of the key before it go on until they expire.

    Those of still older keys end. Nginx learns the key first and is reloaded; nothing is restarted.
    """
    with opened(data) as services:
        retired = sorted(services.link_keys.keys.keys() - {services.link_keys.current})
        kid = services.link_keys.add()
        render(services.settings)
        reloaded = reload(services.settings.paths)
        services.link_keys.use(kid)
        time.sleep(LOOK_SECONDS)  # until every worker signs by it: the next rotation retires the key before it
        details = {"key_id": kid, "retired": retired}
        services.audit.record("link_key_rotated", OPERATOR, reason="by the operator", details=details)
    show({"key_id": kid, "retired": retired, "nginx": "reloaded" if reloaded else "not running"}, as_json)


@command.command()
@click.argument("media")
@click.option("--kind", type=click.Choice(["d", "stream", "get"]), default="d", show_default=True,
              help="d: checked by Nginx alone; stream, get: checked by control.")  # fmt: skip
@click.option("--ttl", type=int, help="Seconds until it expires; default: links.default_seconds.")
@click.option("--bind", metavar="ADDRESS", help="It opens in the network of ADDRESS (its /24, of IPv6 its /64) alone.")
@as_json
@click.pass_obj
def mint(data: Path, media: str, kind: str, ttl: int | None, bind: str | None, as_json: bool) -> None:
    """Print a link to the original of MEDIA (an id or a name)."""
    with opened(data) as services:
        link = services.links.mint(find(services, media), kind, ttl, OPERATOR.role, bind)
    if as_json:
        show({"url": link.url, "expires": link.expires.isoformat(timespec="seconds")}, as_json)
    else:
        click.echo(link.url)

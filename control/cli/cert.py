"""``sluice cert``: the certificate that browsers see."""

from __future__ import annotations

from pathlib import Path

import click

from control import settings
from control.cli.certificate import ensure_certificate
from control.cli.outcome import CommandError, as_json, show
from control.services.certificates import end_of
from nginx.render import reload, render


@click.group()
def command() -> None:
    """The certificate."""


@command.command()
@as_json
@click.pass_obj
def status(data: Path, as_json: bool) -> None:
    """Say which certificate is used and until when it is valid."""
    loaded = settings.load(data)
    show(
        {
            "certificate": str(loaded.certificate), "self_signed_here": loaded.server.certificate is None,
            "valid_until": _end(loaded.certificate),
        },
        as_json,
    )  # fmt: skip


@command.command()
@click.option("--force", is_flag=True, help="Also while the one that is used lasts for more than a month.")
@as_json
@click.pass_obj
def renew(data: Path, force: bool, as_json: bool) -> None:
    """Make a self-signed certificate anew when it ends within a month, and let Nginx take whatever is there now.

    Where [server] names a certificate of somebody else's, this only lets Nginx take it, as
    certbot's deploy hook for example. Nothing is interrupted by that.
    """
    loaded = settings.load(data)
    ours = loaded.server.certificate is None
    made = ours and ensure_certificate(loaded.certificate, loaded.certificate_key, force, loaded.public_host)
    taken = False
    if made or not ours:
        render(loaded)
        taken = reload(loaded.paths)
    found = {"made": made, "nginx": "reloaded" if taken else "as it was"}
    show(found | {"valid_until": _end(loaded.certificate)}, as_json)


def _end(certificate: Path) -> str:
    """Raises CommandError for a file that is none."""
    end = end_of(certificate)
    if end is None:
        raise CommandError(f"{certificate} is no certificate that can be read.")
    return end.isoformat(timespec="seconds")

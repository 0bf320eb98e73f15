"""``sluice share``: addresses that were handed out, and ending them."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import click

from control.cli.instance import opened
from control.cli.outcome import as_json as as_json_option
from control.cli.outcome import show
from control.resources.shares import as_json as shown
from control.services.users import OPERATOR


@click.group()
def command() -> None:
    """Shares: what was handed out under /s/, and what has become of it."""


@command.command("list")
@click.option("--user", help="Only this user's.")
@as_json_option
@click.pass_obj
def list_(data: Path, user: str | None, as_json: bool) -> None:
    """List shares, the newest first, also those that have ended."""
    with opened(data) as services:
        user_id = services.users.find(user).id if user else None
        found = [shown(own) for own in services.shares.of(user_id)]
    columns = ("id", "owner", "name", "rights", "opens", "downloads", "uses", "max_uses", "expires", "revoked", "url")
    show(found, as_json, columns)


@command.command()
@click.argument("share", type=click.UUID)
@as_json_option
@click.pass_obj
def revoke(data: Path, share: UUID, as_json: bool) -> None:
    """Revoke SHARE (its id): its address ends at once, a film that plays at its next key."""
    with opened(data) as services:
        services.shares.revoke(OPERATOR, str(share), "", "")
    show({"id": str(share), "revoked": True}, as_json)

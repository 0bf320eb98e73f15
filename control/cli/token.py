"""``sluice token``: service tokens for programs."""

from __future__ import annotations

from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.outcome import as_json, show
from control.domain.rights import SCOPES
from control.resources.shapes import token_shape
from control.services.users import OPERATOR


@click.group()
def command() -> None:
    """Service tokens: how programs sign in."""


@command.command()
@click.argument("name")
@click.option("--user", required=True, help="Whom it acts for (user name or e-mail).")
@click.option("--scope", "scopes", type=click.Choice(list(SCOPES)), multiple=True, default=("library",),
              show_default=True, help="What it may do; may be given several times.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 3650), help="How long it lives; without an end unless given.")
@as_json
@click.pass_obj
def mint(data: Path, name: str, user: str, scopes: tuple[str, ...], days: int | None, as_json: bool) -> None:
    """Make a token called NAME and print it; it is not shown again."""
    with opened(data) as services:
        owner = services.users.find(user)
        token_id, secret = services.service_tokens.mint(owner, name, list(scopes), days, OPERATOR, "", "")
    if as_json:
        show({"id": token_id, "token": secret}, as_json)
    else:
        click.echo(secret)


@command.command("list")
@click.option("--user", help="Only this user's.")
@as_json
@click.pass_obj
def list_(data: Path, user: str | None, as_json: bool) -> None:
    """List live tokens, with their last use."""
    with opened(data) as services:
        user_id = services.users.find(user).id if user else None
        found = [token_shape(t) | {"username": t.principal.username} for t in services.service_tokens.of(user_id)]
    show(found, as_json, ("id", "username", "name", "scopes", "expires_at", "last_used_at", "last_address"))


@command.command()
@click.argument("token")
@as_json
@click.pass_obj
def revoke(data: Path, token: str, as_json: bool) -> None:
    """Revoke TOKEN (its id), at once."""
    with opened(data) as services:
        services.service_tokens.revoke(token, OPERATOR, "", "", anybody=True)
    show({"id": token, "revoked": True}, as_json)

"""``sluice session``: who is signed in, and ending it."""

from __future__ import annotations

from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.outcome import as_json, show
from control.services.users import OPERATOR


@click.group()
def command() -> None:
    """The devices that are signed in."""


@command.command("list")
@click.option("--user", help="Only this user's.")
@as_json
@click.pass_obj
def list_(data: Path, user: str | None, as_json: bool) -> None:
    """List live sessions, the most recently active first."""
    with opened(data) as services:
        user_id = services.users.find(user).id if user else None
        found = [
            {
                "id": session.id, "username": session.username, "device": session.device_name,
                "type": session.device_type, "address": session.address,
                "last_activity": session.last_activity_at.isoformat(timespec="seconds"),
            }
            for session in services.sessions.devices(user_id)
        ]  # fmt: skip
    show(found, as_json, ("id", "username", "device", "type", "address", "last_activity"))


@command.command()
@click.argument("session")
@as_json
@click.pass_obj
def kill(data: Path, session: str, as_json: bool) -> None:
    """End SESSION (an id): its film stops within one key period, everything else at once."""
    with opened(data) as services:
        services.sessions.end_device(OPERATOR, session, "", "")
    show({"id": session, "ended": True}, as_json)

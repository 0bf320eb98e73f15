"""``sluice user``: who may sign in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.outcome import as_json, show
from control.domain.users import ROLES, User
from control.services.passwords import new_password


@click.group()
def command() -> None:
    """The people who may sign in."""


@command.command("list")
@as_json
@click.pass_obj
def list_(data: Path, as_json: bool) -> None:
    """List users."""
    with opened(data) as services:
        users = [_record(user) for user in services.users.all()]
    show(users, as_json, ("username", "role", "full_name", "email", "active", "last_sign_in"))


def _record(user: User) -> dict:
    last = user.last_sign_in_at and user.last_sign_in_at.isoformat(timespec="seconds")
    return user.public() | {"active": user.active, "last_sign_in": last}


@command.command()
@click.argument("username")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--full-name", default="")
@click.option("--email")
@click.option("--password-stdin", "how", flag_value="password", help="Read the password from standard input.")
@click.option("--hash-stdin", "how", flag_value="hash", help="Read an Argon2 or bcrypt hash of it from standard input.")
@click.option("--no-password", "how", flag_value="none", help="The user comes by another system's tokens.")
@as_json
@click.pass_obj
def add(data: Path, username: str, role: str, full_name: str, email: str | None, how: str | None,
        as_json: bool) -> None:  # fmt: skip
    """Create USERNAME; without another wish a password is made and printed."""
    given = sys.stdin.readline().rstrip("\r\n") if how in ("password", "hash") else None
    made = None if how else new_password()
    with opened(data) as services:
        create = services.users.create_with_hash if how == "hash" else services.users.create
        user = create(username, given or made, role, full_name, email)
    show(user.public() | ({"password": made} if made else {}), as_json)


@command.command()
@click.argument("username")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; without it one is made.")
@as_json
@click.pass_obj
def passwd(data: Path, username: str, password_stdin: bool, as_json: bool) -> None:
    """Change the password of USERNAME and end all sessions."""
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else new_password()
    with opened(data) as services:
        ended = services.users.set_password(services.users.find(username), password)
    made = {} if password_stdin else {"password": password}
    show({"username": username, "sessions_ended": ended} | made, as_json)


@command.command()
@click.argument("username")
@click.argument("role", type=click.Choice(ROLES))
@as_json
@click.pass_obj
def role(data: Path, username: str, role: str, as_json: bool) -> None:
    """Give USERNAME another ROLE; it acts on the next request."""
    with opened(data) as services:
        services.users.set_role(services.users.find(username), role)
    show({"username": username, "role": role}, as_json)


@command.command()
@click.argument("username")
@click.argument("bytes_", metavar="BYTES")
@as_json
@click.pass_obj
def quota(data: Path, username: str, bytes_: str, as_json: bool) -> None:
    """Let USERNAME upload BYTES in all: a number, 0 for no limit, or `default` for that of the settings."""
    if bytes_ != "default" and not bytes_.isdecimal():
        raise click.BadParameter("a number of bytes, or `default`", param_hint="BYTES")
    with opened(data) as services:
        user = services.users.find(username)
        services.uploads.set_quota(user.id, None if bytes_ == "default" else int(bytes_))
        now = services.uploads.quota(user.id)
    show({"username": username, "used": now.used, "reserved": now.reserved, "limit": now.limit}, as_json)


@command.command()
@click.argument("username")
@click.argument("number", metavar="N")
@as_json
@click.pass_obj
def streams(data: Path, username: str, number: str, as_json: bool) -> None:
    """Let USERNAME watch N streams at once: a number, 0 for no limit, or `default` for that of the settings."""
    if number != "default" and not (number.isdecimal() and len(number) < 7):
        raise click.BadParameter("a number, or `default`", param_hint="N")
    with opened(data) as services:
        limit = None if number == "default" else int(number)
        services.users.set_max_streams(services.users.find(username), limit)
    show({"username": username, "streams": number}, as_json)


def _switch(name: str, help_text: str) -> None:
    """`disable`, `enable` and `delete` differ in one word."""

    @command.command(name, help=help_text)
    @click.argument("username")
    @as_json
    @click.pass_obj
    def switch(data: Path, username: str, as_json: bool) -> None:
        with opened(data) as services:
            ended = getattr(services.users, name)(services.users.find(username))
        show({"username": username, "done": name, "sessions_ended": ended or 0}, as_json)


_switch("disable", "Switch USERNAME off and end all sessions.")
_switch("enable", "Switch USERNAME on again.")
_switch("delete", "Remove USERNAME and end all sessions; the media stay.")

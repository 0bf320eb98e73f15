"""The first administrator of an empty system: chosen by ``sluice setup``, made by ``sluice migrate``.

``DIR/first-admin.json`` (0600) holds the name, and until then the hash of the password: {"username", "password_hash"?}.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from control.cli.outcome import CommandError
from control.errors import BadRequest, DatabaseUnavailable
from control.files import write_secret
from control.services.passwords import new_password
from control.settings import Settings
from control.storage.sql import dump

NAME = "admin"


def is_to_come(settings: Settings) -> bool:
    """Whether nothing has been in the database yet; one that does not answer is told by its files."""
    try:
        return dump.is_empty(settings.database_url)
    except DatabaseUnavailable:
        return not (settings.data / "postgres" / "PG_VERSION").exists()


def choose(data: Path, username: str, password_hash: str | None) -> None:
    """Without a hash the password is SLUICE_ADMIN_PASSWORD at the first start, or made there."""
    found = {"username": username} | ({"password_hash": password_hash} if password_hash else {})
    write_secret(data / "first-admin.json", json.dumps(found) + "\n")


def name(data: Path) -> str:
    return _chosen(data)["username"]


def create(users, data: Path) -> str | None:
    """Make the administrator where there is no user at all; returns the name, or None.

    SLUICE_ADMIN_PASSWORD is the first password; without it and without a chosen one it is made and left in
    DIR/admin-password. The file comes first: a crash in between must not leave an admin whose password nobody knows.
    """
    if users.all():
        return None
    chosen, left_in = _chosen(data), data / "admin-password"
    username, stored, given = chosen["username"], chosen.get("password_hash"), os.environ.get("SLUICE_ADMIN_PASSWORD")
    if stored:
        users.create_with_hash(username, stored, "admin", "Administrator")
        choose(data, username, None)
        return username
    try:
        users.create(username, given or _kept_password(left_in), "admin", "Administrator")
    except BadRequest as error:
        raise CommandError(f"SLUICE_ADMIN_PASSWORD cannot be used. {error.details}") from None
    if given:
        left_in.unlink(missing_ok=True)
    return username


def _chosen(data: Path) -> dict[str, str]:
    try:
        return json.loads((data / "first-admin.json").read_text())
    except FileNotFoundError:
        return {"username": NAME}


def _kept_password(path: Path) -> str:
    if not path.exists():
        write_secret(path, new_password() + "\n")
    return path.read_text().strip()

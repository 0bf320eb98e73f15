"""``sluice migrate``: the database up to date, and a first admin in an empty system."""

from __future__ import annotations

import os
from pathlib import Path

import click

from control import bootstrap, settings
from control.cli.outcome import CommandError
from control.cli.restore import WAITING
from control.errors import BadRequest
from control.files import write_secret
from control.services.passwords import new_password
from control.storage.sql import dump, migrate


@click.command()
@click.pass_obj
def command(data: Path) -> None:
    """Apply missing migrations; create `admin` where there is no user yet."""
    loaded = settings.load(data)
    load_restored(loaded.database_url, data / WAITING)
    for name in migrate.apply(loaded.database_url):
        click.echo(f"applied {name}")
    services = bootstrap.services(loaded)
    services.database.open()
    try:
        create_first_admin(services.users, data / "admin-password")
    finally:
        services.database.close()


def load_restored(url: str, waiting: Path) -> None:
    """What `sluice restore` has left for the first start. Raises DumpFailed where the database is not empty."""
    if waiting.exists():
        dump.load(url, waiting)
        waiting.unlink()
        click.echo("restored the database")


def create_first_admin(users, left_in: Path) -> None:
    """SLUICE_ADMIN_PASSWORD is the first password; without it one is made and left in the file `left_in`.

    The file comes first: a crash in between must not leave an admin whose password nobody knows.
    """
    if users.all():
        return
    chosen = os.environ.get("SLUICE_ADMIN_PASSWORD")
    try:
        users.create_first_admin(chosen or _kept_password(left_in))
    except BadRequest as error:
        raise CommandError(f"SLUICE_ADMIN_PASSWORD cannot be used. {error.details}") from None
    if chosen:
        left_in.unlink(missing_ok=True)
    click.echo("created admin")


def _kept_password(path: Path) -> str:
    if not path.exists():
        write_secret(path, new_password() + "\n")
    return path.read_text().strip()

"""``sluice migrate``: the database up to date, and a first admin in an empty system."""

from __future__ import annotations

from pathlib import Path

import click

from control import bootstrap, settings
from control.cli import first_admin
from control.cli.restore import WAITING
from control.settings import Settings
from control.storage.sql import dump, migrate


@click.command()
@click.pass_obj
def command(data: Path) -> None:
    """Apply missing migrations; create an administrator where there is no user yet."""
    loaded = settings.load(data)
    load_restored(loaded.database_url, data / WAITING)
    for name in migrate.apply(loaded.database_url, lambda: make_first_admin(loaded)):
        click.echo(f"applied {name}")


def make_first_admin(loaded: Settings) -> None:
    """Two hosts that are started at once are not to make two, of whom only one has a password that is known."""
    services = bootstrap.services(loaded)
    services.database.open()
    try:
        username = first_admin.create(services.users, loaded.data)
    finally:
        services.database.close()
    if username:
        click.echo(f"created {username}")


def load_restored(url: str, waiting: Path) -> None:
    """What `sluice restore` has left for the first start. Raises DumpFailed where the database is not empty."""
    if waiting.exists():
        dump.load(url, waiting)
        waiting.unlink()
        click.echo("restored the database")

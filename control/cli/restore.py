"""``sluice restore``: a backup brought back."""

from __future__ import annotations

from pathlib import Path

import click

from control import settings
from control.cli import first_admin
from control.cli.backup import chosen, read_progress, told
from control.cli.init import ensure_directories
from control.cli.outcome import CommandError, as_json, show
from control.services.backups import Backups
from control.settings.paths import Paths
from control.storage.backups import Repository

WAITING = "restore.dump"  # in DIR: `sluice migrate` loads it into the empty database of the first start


@click.command()
@click.argument("place", type=click.Path(path_type=Path, exists=True))
@click.option("--snapshot", help="Which one; default: the newest.")
@as_json
@click.pass_obj
def command(data: Path, place: Path, snapshot: str | None, as_json: bool) -> None:
    """Bring a snapshot in PLACE back into the data directory, which is empty or lacks files of it.

    Nothing is ever removed or replaced: where another file, or a database with something in it, is in the way, it says
    so and writes nothing. Afterwards start it: deploy/up --data DIR, or systemctl start sluice.target. A vault that was
    in a bucket comes to DIR/vault: `sluice vault copy` brings what is missing there.
    """
    repository = Repository(place)
    found = chosen(repository, snapshot)
    data.mkdir(parents=True, exist_ok=True)
    _refuse_full_database(data)
    with read_progress("bringing back") as advance:
        written = bring_back(data, repository, found, advance)
    show(told(found) | {"written": written, "next": f"deploy/up --data {data}"}, as_json)


def bring_back(data: Path, repository: Repository, found, advance) -> int:
    backups = Backups(data, repository, lambda file: None, lambda: "", found.version)
    ensure_directories(Paths(data))
    written = backups.restore(found, advance)
    (data / WAITING).unlink(missing_ok=True)
    backups.restore_database(found, data / WAITING)
    return written


def _refuse_full_database(data: Path) -> None:
    """One that is not running yet belongs to a directory without a database, or will be asked at its start."""
    if not first_admin.is_to_come(settings.load(data)):
        raise CommandError("The database is not empty: a restore never overwrites. Restore into an empty directory.")

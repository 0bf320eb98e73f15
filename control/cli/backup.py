"""``sluice backup``: everything that cannot be made again, kept somewhere else."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import click
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from control import settings
from control.bootstrap import Services
from control.cli.instance import opened
from control.cli.outcome import CommandError, as_json, show
from control.domain.backups import Snapshot
from control.services.backups import DATABASE, Backups
from control.services.users import OPERATOR
from control.storage.backups import Repository
from control.storage.sql import dump

place = click.argument("place", type=click.Path(path_type=Path))


@click.group()
def command() -> None:
    """Backups: database, keys, settings, vault, originals, uploads. Each is whole; equal contents are kept once."""


@command.command()
@place
@click.option("--keep", type=click.IntRange(1), default=30, show_default=True, help="So many snapshots; older ones go.")
@as_json
@click.pass_obj
def run(data: Path, place: Path, keep: int, as_json: bool) -> None:
    """Write a snapshot into PLACE, while everything goes on. It holds the keys: guard it like them."""
    repository = Repository(place)
    repository.prepare()
    with repository.locked(), opened(data) as services, read_progress("reading") as advance:
        snapshot = backups(services, repository).make(advance)
        pruned = repository.prune(keep)
        details = {"snapshot": snapshot.id, "files": len(snapshot.files), "bytes": snapshot.bytes}
        services.audit.record("backup_made", OPERATOR, reason="by the operator", details=details)
    show(told(snapshot) | {"removed_contents": pruned}, as_json)


@command.command("list")
@place
@as_json
def list_(place: Path, as_json: bool) -> None:
    """List the snapshots in PLACE, the oldest first."""
    repository = Repository(place)
    found = [told(repository.read(snapshot)) for snapshot in repository.ids()]
    show(found, as_json, ("id", "files", "bytes", "version", "skipped"))


@command.command()
@place
@click.option("--snapshot", help="Which one; default: the newest.")
@as_json
@click.pass_obj
def verify(data: Path, place: Path, snapshot: str | None, as_json: bool) -> None:
    """Read a snapshot back, every byte of it, and restore its database into one that is removed afterwards."""
    repository = Repository(place)
    found = chosen(repository, snapshot)
    with read_progress("reading back") as advance:
        entries = {entry.sha256: entry.path for entry in [found.database, *found.files]}
        damaged = sorted(path for digest, path in entries.items() if repository.damaged(digest, advance))
    if damaged:
        raise CommandError(
            f"{len(damaged)} contents are missing or damaged, for example {damaged[0]}. Make a new backup."
        )
    media = _restored(settings.load(data).database_url, repository, found)
    show(told(found) | {"media": media, "state": "ok"}, as_json)


def _restored(url: str, repository: Repository, found: Snapshot) -> int:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / DATABASE
        repository.write_to(file, found.database, lambda count: None)
        return dump.try_out(url, file, f"sluice_verify_{secrets.token_hex(4)}")


def backups(services: Services, repository: Repository) -> Backups:
    url = services.settings.database_url
    return Backups(
        services.settings.data, repository, lambda file: dump.dump(url, file), services.media_key_store.state,
        version("sluice"), services.objects if services.settings.vault.store == "s3" else None,
    )  # fmt: skip


def chosen(repository: Repository, snapshot: str | None) -> Snapshot:
    """Raises CommandError where there is none."""
    ids = repository.ids()
    if not ids:
        raise CommandError("There is no snapshot there.")
    return repository.read(snapshot or ids[-1])


def told(snapshot: Snapshot) -> dict:
    return {
        "id": snapshot.id, "files": len(snapshot.files), "bytes": snapshot.bytes, "version": snapshot.version,
        "skipped": snapshot.skipped,
    }  # fmt: skip


@contextmanager
def read_progress(what: str) -> Iterator[Callable[[int], None]]:
    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(what, total=None)
        yield lambda count: progress.update(bar, advance=count)

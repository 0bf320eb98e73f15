"""``sluice vault``: where the encrypted renditions are kept."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from control.cli.instance import opened
from control.cli.key import in_trash
from control.cli.media import in_vault
from control.cli.outcome import CommandError, as_json, show
from control.storage.objects import open_directory, open_store
from control.vault.manifest import VaultDamaged, fingerprint
from control.vault.moving import bring
from control.vault.objects import Compartment


@click.group()
def command() -> None:
    """Where the encrypted renditions are kept: a directory, or a bucket of an S3-compatible store."""


@command.command()
@click.option("--back", is_flag=True, help="From the store into DIR/vault.")
@as_json
@click.pass_obj
def copy(data: Path, back: bool, as_json: bool) -> None:
    """Copy everything in DIR/vault into the store that [vault] names, and read it back. Nothing is removed anywhere.

    First name endpoint and bucket, leave `store` as it is, and run this; then change `store`, restart, and run it once
    more, for what was made meanwhile. Interrupted, it goes on where it was. Exit code 2: something does not read back.
    """
    with opened(data) as services, Progress(console=Console(stderr=True), transient=True) as progress:
        loaded = services.settings
        if not (loaded.vault.endpoint and loaded.vault.bucket):
            raise CommandError("Name the store first: endpoint and bucket in [vault] of sluice.toml.")
        directory, store = open_directory(loaded), open_store(loaded)
        source, target = (store, directory) if back else (directory, store)
        in_use, media = (loaded.vault.store == "s3") != back, in_vault(services) + in_trash(services)
        found, damaged = 0, []
        for item in progress.track(media, description="copying"):
            key = fingerprint(services.vault.media_key(item.id))
            try:
                found += bring(Compartment.of(source, item.id), Compartment.of(target, item.id), key, in_use)
            except VaultDamaged as error:
                damaged.append({"id": item.id, "name": item.name, "damage": str(error)})
    show({"copied": found, "of": len(media), "damaged": damaged}, as_json)
    if damaged:
        raise CommandError(f"{len(damaged)} media do not read back: sluice media verify --repair")

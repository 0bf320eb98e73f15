"""``sluice key``: the master key that wraps the keys of all media."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from control import vault
from control.bootstrap import Services
from control.cli.instance import opened
from control.cli.media import find, in_vault
from control.cli.outcome import as_json, show
from control.cli.trash import everything
from control.domain.media import Media
from control.services.users import OPERATOR


@click.group()
def command() -> None:
    """Master keys: their versions, and a new one."""


@command.command()
@as_json
@click.pass_obj
def status(data: Path, as_json: bool) -> None:
    """List the versions of the master key, and how many media keys each one wraps."""
    with opened(data) as services:
        counts = services.media_key_store.counts()
        versions = services.master.versions()
        found = [
            {
                "version": version, "file": services.master.path(version).name,
                "made": _made(services.master.path(version)), "wraps": counts.get(version, 0),
                "current": version == versions[-1],
            }
            for version in versions
        ]  # fmt: skip
    show(found, as_json, ("version", "file", "made", "wraps", "current"))


@command.command()
@click.argument("media", nargs=-1)
@as_json
@click.pass_obj
def reencrypt(data: Path, media: tuple[str, ...], as_json: bool) -> None:
    """Make new keys for MEDIA (ids or names; default: all) and write their renditions and archives anew under them.

    For keys that may have leaked. Whoever is watching goes on after a moment. Interrupted, it is begun again and goes
    on: what is done already is done once more.
    """
    with opened(data) as services, Progress(console=Console(stderr=True), transient=True) as progress:
        chosen = [find(services, text) for text in media] or in_vault(services) + in_trash(services)
        for item in progress.track(chosen, description="writing anew"):
            services.vault.reencrypt(item)
    show({"reencrypted": len(chosen)}, as_json)


def in_trash(services: Services) -> list[Media]:
    """What comes back from there must not come back under a key that leaked."""
    return [one.media for one in everything(services) if one.media.state == "completed"]


def _made(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")


@command.command()
@as_json
@click.pass_obj
def rotate(data: Path, as_json: bool) -> None:
    """Make a new master key and wrap every media key by it. Nothing is encrypted anew, nothing stops playing.

    Interrupted, it is begun again and goes on: old versions stay in keys/ and go on opening what they wrapped.
    """
    with opened(data) as services, Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("wrapping media keys", total=sum(services.media_key_store.counts().values()))
        version, count = vault.rotate(
            services.master, services.media_key_store, lambda done: progress.update(bar, completed=done)
        )
        details = {"version": version, "media": count}
        services.audit.record("keys_rotated", OPERATOR, reason="by the operator", details=details)
    show({"version": version, "rewrapped": count, "back_up": str(data / "keys")}, as_json)

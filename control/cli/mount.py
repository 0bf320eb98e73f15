"""``sluice mount``: libraries that are served in place."""

from __future__ import annotations

from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.outcome import as_json, show
from control.domain.mounts import MountState
from control.services.users import OPERATOR


@click.group()
def command() -> None:
    """The mounts, and whether they are there."""


@command.command("list")
@as_json
@click.pass_obj
def list_(data: Path, as_json: bool) -> None:
    """List mounts with their state, as the processor found them last."""
    with opened(data) as services:
        places = {mount.name: str(mount.path) for mount in services.settings.mounts}
        found = [
            {
                "name": state.name, "path": places.get(state.name, "(not in the settings any more)"),
                "state": "away" if state.away else "here", "reason": state.reason,
                "items": items, "missing": state.missing, "scan": _scan(state),
                "since": state.changed_at.isoformat(timespec="seconds"),
                "checked": state.checked_at.isoformat(timespec="seconds"),
            }
            for state, items in services.mounts.all()
        ]  # fmt: skip
    show(found, as_json, ("name", "path", "state", "items", "missing", "scan", "since", "reason"))


def _scan(state: MountState) -> str:
    if state.scan_started_at is None:
        return "not yet"
    return f"{state.scanned} files" + ("" if state.scan_ended_at else " so far")


@command.command()
@click.argument("name")
@as_json
@click.pass_obj
def confirm(data: Path, name: str, as_json: bool) -> None:
    """Say that the files which the mount NAME misses are gone for good: the next scan drops them from the library."""
    with opened(data) as services:
        missing = services.mounts.confirm(name, OPERATOR)
    show({"name": name, "dropped_at_the_next_scan": missing}, as_json)

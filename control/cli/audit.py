"""``sluice audit``: who did what."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.outcome import as_json, show
from control.resources.audit import entry_shape
from control.storage.sql.audit import EVENTS, Search

_COLUMNS = ("at", "event", "principal", "address", "reason", "decision")
_LOOK_SECONDS = 1.0
_MANY = 1000


@click.group()
def command() -> None:
    """The audit trail."""


@command.command()
@click.option("-n", "number", type=click.IntRange(1, _MANY), default=20, show_default=True, help="How many entries.")
@click.option("-f", "--follow", is_flag=True, help="Go on printing what is added, until Ctrl-C.")
@click.option("--event", type=click.Choice(list(EVENTS)), help="Only this event.")
@click.option("--user", help="Only this principal.")
@as_json
@click.pass_obj
def tail(data: Path, number: int, follow: bool, event: str | None, user: str | None, as_json: bool) -> None:
    """Print the newest entries, the newest last."""
    with opened(data) as services:
        found = services.audit.find(Search(event=event, principal=user), number)[::-1]
        entries = [entry_shape(entry) for entry in found]
        if follow:
            _lines(entries)
            _follow(services, Search(event=event, principal=user, after=found[-1].id if found else 0))
        else:
            show(entries, as_json, _COLUMNS)


def _follow(services, search: Search) -> None:
    """One JSON object a line, as it comes."""
    while True:
        found = services.audit.find(search, _MANY)
        _lines([entry_shape(entry) for entry in found])
        if found:
            search = Search(event=search.event, principal=search.principal, after=found[-1].id)
        time.sleep(_LOOK_SECONDS)


def _lines(entries: list[dict]) -> None:
    for entry in entries:
        click.echo(json.dumps(entry, default=str))

"""``sluice receipts``: what Nginx has really delivered."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.outcome import as_json, show


@click.group()
def command() -> None:
    """The receipts of deliveries."""


@command.command()
@as_json
@click.pass_obj
def status(data: Path, as_json: bool) -> None:
    """Say how far Nginx's log has been read, and how many deliveries the last days have had."""
    with opened(data) as services:
        found = asdict(services.receipts.status())
    days = {str(day["day"]): day["rows"] for day in found.pop("days")}
    found["lag_seconds"] = round(found["lag_seconds"], 1)
    show({**found, "days": days} if as_json else found | days, as_json)

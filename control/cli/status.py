"""``sluice status``: one screen that says how it goes."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import click

from control.cli.instance import opened
from control.cli.outcome import as_json, show
from control.cli.ready import ask


@click.command()
@as_json
@click.pass_obj
def command(data: Path, as_json: bool) -> None:
    """Say who is there, what the queue does, how full the disk is and what has gone wrong."""
    with opened(data) as services:
        found = gathered(services)
    show(found if as_json else {name: _told(value) for name, value in found.items()}, as_json)


def gathered(services) -> dict[str, Any]:
    disk, jobs = shutil.disk_usage(services.settings.data), services.queue.jobs()
    receipts = services.receipts.status()
    return {
        "address": services.settings.public_url,
        "serving": ask(f"https://localhost:{services.settings.server.port}/readyz") or "ready",
        "devices": len(services.sessions.devices(None)),
        "queue": dict(Counter(job.state for job in jobs)),
        "at_work": [f"{job.name} {job.progress:.0f} %" for job in jobs if job.state == "running"],
        "failed": [f"{job.name}: {job.error}" for job in jobs if job.state == "failed"][:5],
        "mounts": {state.name: "away" if state.away else "here" for state, _ in services.mounts.all()},
        "disk": {"free_bytes": disk.free, "used_percent": round(100 * disk.used / disk.total, 1)},
        "receipts": {"lag_seconds": round(receipts.lag_seconds, 1), "bad_lines": receipts.bad_lines},
    }


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return ", ".join(f"{name.removesuffix('_bytes')} {_sized(name, found)}" for name, found in value.items()) or "-"
    return "-" if value in ("", []) else value


def _sized(name: str, value: Any) -> str:
    return f"{value / 2**30:.1f} GiB" if name.endswith("_bytes") else str(value)

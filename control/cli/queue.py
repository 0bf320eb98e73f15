"""``sluice queue``: imports that wait, run or have failed."""

from __future__ import annotations

from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.media import find
from control.cli.outcome import as_json, show
from control.resources.queue import job_shape
from control.services.users import OPERATOR


@click.group()
def command() -> None:
    """The import queue."""


@command.command("list")
@as_json
@click.pass_obj
def list_(data: Path, as_json: bool) -> None:
    """List what runs, waits and has failed."""
    with opened(data) as services:
        found = [job_shape(job) for job in services.queue.jobs()]
    show(found, as_json, ("media_id", "name", "lane", "state", "priority", "progress", "attempts", "due", "error"))


def _action(name: str, method: str, help_text: str) -> None:
    """They differ in one word."""

    @command.command(name, help=help_text)
    @click.argument("media")
    @as_json
    @click.pass_obj
    def act(data: Path, media: str, as_json: bool) -> None:
        with opened(data) as services:
            found = find(services, media)
            getattr(services.queue, method)(found.id, OPERATOR)
        show({"id": found.id, "name": found.name, "done": name}, as_json)


_action("first", "put_first", "Put the import of MEDIA (an id or a name) before all others that wait.")
_action("retry", "retry", "Take the failed import of MEDIA (an id or a name) up again.")
_action("cancel", "cancel", "Stop the import of MEDIA (an id or a name); its file goes to quarantine/.")

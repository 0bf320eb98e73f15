"""``sluice trash``: what was deleted and can still be brought back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import click

from control.bootstrap import Services
from control.cli.instance import opened
from control.cli.outcome import CommandError, as_json, report, show
from control.domain.trash import Trashed
from control.errors import MediaNotFound
from control.resources.trash import trashed_as_json
from control.services.trash import LARGEST_PAGE
from control.services.users import OPERATOR


@click.group()
def command() -> None:
    """The trash: what was deleted, until it goes for good."""


@command.command("list")
@as_json
@click.pass_obj
def list_(data: Path, as_json: bool) -> None:
    """List what is in the trash, the latest first."""
    with opened(data) as services:
        found = [trashed_as_json(services.trash, one) for one in everything(services)]
    show(found, as_json, ("id", "name", "type", "size_bytes", "owner", "trashed_at", "trashed_by", "gone_at"))


@command.command()
@click.argument("media", nargs=-1, required=True)
@as_json
@click.pass_obj
def restore(data: Path, media: tuple[str, ...], as_json: bool) -> None:
    """Bring MEDIA (ids or names) back from the trash. Exit code 2: not all of it."""
    with opened(data) as services:
        report(services.batches.restore(OPERATOR, [find(services, text) for text in media]), as_json)


@command.command()
@as_json
@click.pass_obj
@click.confirmation_option(prompt="Delete everything in the trash for good?", help="Do not ask.")
def empty(data: Path, as_json: bool) -> None:
    """Delete everything in the trash for good."""
    with opened(data) as services:
        show({"removed": services.trash.empty(OPERATOR)}, as_json)


def everything(services: Services) -> Iterator[Trashed]:
    end = None
    while True:
        page = services.trash.page(OPERATOR, LARGEST_PAGE, end)
        yield from page.items
        end = page.end
        if end is None:
            return


def find(services: Services, text: str) -> str:
    """The id of what is called so in the trash; raises MediaNotFound or CommandError."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        named = [one.media.id for one in everything(services) if one.media.name == text]
    if len(named) > 1:
        raise CommandError(f"{len(named)} in the trash are called {text!r}; name one by its id (sluice trash list).")
    if not named:
        raise MediaNotFound("Nothing in the trash is called so: `sluice trash list`.")
    return named[0]

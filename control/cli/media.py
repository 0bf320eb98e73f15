"""``sluice media``: the library from the operator's side."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from control.bootstrap import Services
from control.cli.instance import opened
from control.cli.outcome import CommandError, as_json, report, show
from control.domain.media import Media
from control.errors import BadRequest, MediaNotFound
from control.services.library import LARGEST_PAGE
from control.services.users import OPERATOR
from control.storage.sql.library_filters import Filters


@click.group()
def command() -> None:
    """The items of the library."""


@command.command("list")
@click.option("--type", "kind", type=click.Choice(["video", "audio", "image", "document"]), help="Only this type.")
@click.option("--state", type=click.Choice(["pending", "processing", "playable", "completed", "failed"]),
              help="Only this state.")  # fmt: skip
@click.option("--query", help="Only names with this in them.")
@as_json
@click.pass_obj
def list_(data: Path, kind: str | None, state: str | None, query: str | None, as_json: bool) -> None:
    """List media, newest first."""
    with opened(data) as services:
        found = [record(media) for media in matching(services, Filters(kind=kind, state=state, query=query))]
    show(found, as_json, ("id", "name", "type", "state", "progress", "size_bytes"))


@command.command("show")
@click.argument("media")
@as_json
@click.pass_obj
def show_(data: Path, media: str, as_json: bool) -> None:
    """Show MEDIA (an id or a name), with the reason when it failed."""
    with opened(data) as services:
        show(record(find(services, media)), as_json)


@command.command("set")
@click.argument("media")
@click.option("--visibility", type=click.Choice(["private", "library", "public"]), help="Who may see it.")
@click.option("--owner", help="Whose it is (user name or e-mail).")
@as_json
@click.pass_obj
def set_(data: Path, media: str, visibility: str | None, owner: str | None, as_json: bool) -> None:
    """Change who may see MEDIA (an id or a name), or whose it is; at once."""
    with opened(data) as services:
        new_owner = services.users.find(owner) if owner else None
        changed = services.library.change(OPERATOR, find(services, media), visibility, new_owner)
    show(record(changed), as_json)


@command.command()
@click.argument("media", nargs=-1, required=True)
@as_json
@click.pass_obj
def trash(data: Path, media: tuple[str, ...], as_json: bool) -> None:
    """Put MEDIA (ids or names) into the trash: `sluice trash restore` brings it back. Exit code 2: not all of it."""
    with opened(data) as services:
        report(services.batches.trash(OPERATOR, [find(services, text).id for text in media]), as_json)


@command.command()
@click.argument("media")
@click.argument("target", type=click.Path(path_type=Path))
@click.pass_obj
def original(data: Path, media: str, target: Path) -> None:
    """Write the original of MEDIA (an id or a name) to the file TARGET, decrypted where it is archived."""
    with opened(data) as services, target.open("xb") as file:
        services.vault.bring_back(find(services, media), file)


@command.command()
@click.argument("media", nargs=-1)
@click.option("--repair", is_flag=True, help="Make what is damaged anew, from its original.")
@as_json
@click.pass_obj
def verify(data: Path, media: tuple[str, ...], repair: bool, as_json: bool) -> None:
    """Read MEDIA (ids or names; default: everything) back and compare it with what was made. Exit code 2: damage."""
    with opened(data) as services, Progress(console=Console(stderr=True), transient=True) as progress:
        chosen = [find(services, text) for text in media] or in_vault(services)
        checked = ((item, services.vault.damage(item)) for item in progress.track(chosen, description="reading back"))
        found = [_damaged(services, item, damage, repair) for item, damage in checked if damage]
    show(found, as_json, ("id", "name", "damage", "done"))
    if found:
        raise CommandError(f"{len(found)} of {len(chosen)} media are damaged.")


def _damaged(services: Services, media: Media, damage: list[str], repair: bool) -> dict[str, Any]:
    done = ""
    if repair:
        try:
            services.vault.remake(media)
            done = "being made anew"
        except BadRequest as error:
            done = error.details
    return {"id": media.id, "name": media.name, "damage": damage, "done": done}


def in_vault(services: Services) -> list[Media]:
    """Everything that is complete and has something in the vault."""
    complete = matching(services, Filters(state="completed"))
    return [media for media in complete if media.source != "mount" or media.renditions or media.stills]


def find(services: Services, text: str) -> Media:
    """The media with this id, at this path of a mount (also as Windows writes it), or the only one with this name;
    raises MediaNotFound or CommandError."""
    try:
        found = [services.library.find(str(uuid.UUID(text)))]
    except ValueError:
        mounted = services.mounts.media_at(text)
        named = (media for media in matching(services, Filters(query=text)) if media.name == text)
        found = [mounted] if mounted else list(named)
    if len(found) > 1:
        raise CommandError(f"{len(found)} media are called {text!r}; name one by its id (sluice media list).")
    if not found or found[0] is None:
        raise MediaNotFound()
    if found[0].trashed_at is not None:
        raise MediaNotFound("It is in the trash: `sluice trash list`, `sluice trash restore`.")
    return found[0]


def matching(services: Services, filters: Filters) -> list[Media]:
    """Every match, page by page."""
    page = services.library.page(OPERATOR, filters, 1, LARGEST_PAGE)
    found = page.items
    while page.end is not None:
        page = services.library.page(OPERATOR, filters, 1, LARGEST_PAGE, page.end)
        found += page.items
    return found


def record(media: Media) -> dict[str, Any]:
    """What the operator gets to know of one media; names as in the HTTP API."""
    return {
        "id": media.id, "name": media.name, "type": media.kind, "state": media.state,
        "progress": round(media.progress, 1), "error_code": media.error_code, "error": media.error,
        "visibility": media.visibility, "owner_id": media.owner_id, "source": media.source,
        "mount": media.mount, "path": media.path, "size_bytes": media.size_bytes,
        "mime": media.mime, "original": media.original, "duplicate_of": media.facts.get("duplicate_of"),
        "width": media.width, "height": media.height, "duration": media.duration,
        "rungs": [rendition.rung for rendition in media.renditions],
        "tracks": [track.rung for track in media.tracks], "stills": list(media.stills),
        "tags": list(media.tags), "created_at": media.created_at.isoformat(timespec="seconds"),
    }  # fmt: skip

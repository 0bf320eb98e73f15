"""``sluice import``: bring files in from the command line, with their progress."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from control.bootstrap import Services
from control.cli.instance import opened
from control.cli.outcome import CommandError, as_json, show
from control.domain.media import SIDECARS, Media
from control.services.users import OPERATOR
from control.storage.sql.library_filters import Filters

_LOOK_SECONDS = 0.5
_DONE = ("completed", "failed")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--wait", is_flag=True, help="Wait until all of them are done; exit code 2 when one has failed.")
@as_json
@click.pass_obj
def command(data: Path, paths: tuple[Path, ...], wait: bool, as_json: bool) -> None:
    """Copy PATHS (files, or directories with all that is in them) into imports/; they themselves stay."""
    names = [_copy(file, data / "imports") for path in paths for file in _files(path)]
    if not wait:
        show({"copied": len(names)}, as_json)
        return
    with opened(data) as services:
        found = _follow(services, [name for name in names if not name.lower().endswith(SIDECARS)])
    show([{"name": m.name, "id": m.id, "state": m.state, "error": m.error} for m in found], as_json,
         ("id", "name", "state", "error"))  # fmt: skip
    failed = [media for media in found if media.state == "failed"]
    if failed:
        raise CommandError(f"{len(failed)} of {len(found)} could not be imported (sluice queue list shows why).")


def _files(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink()) if path.is_dir() else [path]


def _copy(source: Path, imports: Path) -> str:
    """Whole, or not there: the processor takes no `.part`. Returns the name, made unique."""
    target, number = imports / source.name, 1
    while target.exists():
        number += 1
        target = imports / f"{source.stem} ({number}){source.suffix}"
    part = target.with_name(target.name + ".part")
    shutil.copyfile(source, part)
    os.rename(part, target)
    return target.name


def _follow(services: Services, names: list[str]) -> list[Media]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = {name: progress.add_task(name, total=100) for name in names}
        found: dict[str, Media] = {}
        while any(name not in found or found[name].state not in _DONE for name in names):
            time.sleep(_LOOK_SECONDS)
            for name in names:
                media = _newest(services, name)
                if media:
                    found[name] = media
                    progress.update(bars[name], completed=100 if media.state == "completed" else media.progress)
    return [found[name] for name in names]


def _newest(services: Services, name: str) -> Media | None:
    page = services.library.page(OPERATOR, Filters(query=name), 1, 50)
    return next((media for media in page.items if media.name == name and media.source == "import"), None)

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
from control.domain.folders import readable
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
    copies = [_copy(file, data / "imports", _place(file, path)) for path in paths for file in _files(path)]
    if not wait:
        show({"copied": len(copies)}, as_json)
        return
    with opened(data) as services:
        found = _follow(services, [copy for copy in copies if not copy.name.lower().endswith(SIDECARS)])
    show([{"name": m.name, "id": m.id, "state": m.state, "error": m.error} for m in found], as_json,
         ("id", "name", "state", "error"))  # fmt: skip
    failed = [media for media in found if media.state == "failed"]
    if failed:
        raise CommandError(f"{len(failed)} of {len(found)} could not be imported (sluice queue list shows why).")


def _files(path: Path) -> list[Path]:
    return sorted(p for p in path.rglob("*") if p.is_file() and not p.is_symlink()) if path.is_dir() else [path]


def _place(file: Path, path: Path) -> Path:
    """Below imports/: a directory that was named is a folder there, with those in it."""
    return Path(path.resolve().name, file.relative_to(path)) if path.is_dir() else Path(file.name)


def _copy(source: Path, imports: Path, place: Path) -> Path:
    """Whole, or not there: the processor takes no `.part`. Returns the place, its name made unique."""
    target, number = imports / place, 1
    while target.exists():
        number += 1
        target = target.with_name(f"{source.stem} ({number}){source.suffix}")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    shutil.copyfile(source, part)
    os.rename(part, target)
    return target.relative_to(imports)


def _follow(services: Services, copies: list[Path]) -> list[Media]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bars = {copy: progress.add_task(readable(os.fsencode(copy)), total=100) for copy in copies}
        found: dict[Path, Media] = {}
        while any(copy not in found or found[copy].state not in _DONE for copy in copies):
            time.sleep(_LOOK_SECONDS)
            for copy in copies:
                media = _newest(services, readable(os.fsencode(copy)))
                if media:
                    found[copy] = media
                    progress.update(bars[copy], completed=100 if media.state == "completed" else media.progress)
    return [found[copy] for copy in copies]


def _newest(services: Services, copy: str) -> Media | None:
    page = services.library.page(OPERATOR, Filters(query=os.path.basename(copy)), 1, 50)
    imported = (one for one in page.items if one.source == "import")
    return next((one for one in imported if os.path.join(one.folder, one.name) == copy), None)

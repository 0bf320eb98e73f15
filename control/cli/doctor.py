"""``sluice doctor``: everything that Sluice needs, looked at; each thing that is wrong with its cure."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import click

from control import settings
from control.cli.checks import Finding, files, objects, parts, programs
from control.cli.instance import quiet
from control.cli.outcome import as_json, printable, show
from nginx.render import RenderError, try_out

Look = Callable[[], Iterable[Finding]]

_MARKS = {"ok": "ok", "warning": "!!", "failed": "XX"}


@click.command()
@click.option("--all", "everything", is_flag=True, help="Also what is fine.")
@as_json
@click.pass_obj
def command(data: Path, everything: bool, as_json: bool) -> None:
    """Look at programs, permissions, keys, disks, the certificate and the running parts.

    Exit code 0: nothing is broken (there may be warnings); 1: something is, and its cure is printed.
    """
    quiet()
    found = list(examine(data))
    failed = [one for one in found if one.state == "failed"]
    if as_json:
        show([asdict(one) for one in found], as_json)
    else:
        for one in found:
            if everything or one.state != "ok":
                click.echo(line(one))
        click.echo(summary(found))
    sys.exit(bool(failed))


def examine(data: Path, running: bool = True) -> Iterator[Finding]:
    """Every check, the cheap ones first; one that breaks down is a finding itself. `running`: also of what runs."""
    try:
        loaded = settings.load(data)
    except settings.SettingsError as error:
        yield Finding("settings", "failed", str(error), f"Mend {data / 'sluice.toml'}, then: sluice config check")
        return
    if not (data / "sluice.toml").exists():
        yield Finding("settings", "failed", f"{data} is no data directory", "deploy/up, or: sluice init")
        return
    yield Finding("settings", "ok", str(data / "sluice.toml"))
    for look in _of_an_edge(loaded) if loaded.edge.origins else _of_a_host(loaded, running):
        yield from _guarded(look)


def _of_a_host(loaded: settings.Settings, running: bool) -> tuple[Look, ...]:
    of_the_machine = (
        lambda: programs.programs(loaded), programs.sandbox, lambda: files.directories(loaded),
        lambda: files.secrets(loaded), lambda: files.room(loaded), files.handles, lambda: files.certificate(loaded),
        lambda: _configuration(loaded), parts.clock,
    )  # fmt: skip
    of_what_runs = (lambda: parts.stores(loaded), lambda: objects.store(loaded), lambda: parts.doors(loaded))
    return of_the_machine + (of_what_runs if running else ())


def _of_an_edge(loaded: settings.Settings) -> tuple[Look, ...]:
    """It has no stores, no control and no pipeline."""
    return (
        lambda: files.directories(loaded), lambda: files.room(loaded), files.handles,
        lambda: files.certificate(loaded), lambda: _configuration(loaded), parts.clock, lambda: parts.origins(loaded),
    )  # fmt: skip


def line(one: Finding) -> str:
    told = printable(f"{_MARKS[one.state]}  {one.check}: {one.says}")
    return f"{told}\n      {printable(one.cure)}" if one.cure else told


def summary(found: list[Finding]) -> str:
    broken, warned = (sum(one.state == state for one in found) for state in ("failed", "warning"))
    if not broken and not warned:
        return f"{len(found)} checks, all well."
    return f"{len(found)} checks: {broken} failed, {warned} to look at."


def _guarded(look: Look) -> Iterator[Finding]:
    try:
        yield from look()
    except Exception as error:  # a check that cannot be made must not hide the others
        yield Finding(
            "doctor", "failed", f"{type(error).__name__}: {error}", "This check itself broke down: report it."
        )


def _configuration(loaded: settings.Settings) -> Iterator[Finding]:
    try:
        try_out(loaded)
    except (RenderError, OSError, ValueError) as error:
        yield Finding("configuration", "failed", str(error), "Mend sluice.toml, then: sluice config check")
    else:
        yield Finding("configuration", "ok", "Nginx accepts what these settings make")

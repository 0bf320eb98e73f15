"""How a command answers: lists as a table or JSON, expected failures as one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import click

from control.domain.batches import Outcome
from control.errors import BadRequest, ControlError, DatabaseUnavailable
from control.settings import SettingsError
from nginx.render import RenderError


class CommandError(Exception):
    """A command cannot be done; the text says why."""


EXPECTED = (CommandError, ControlError, SettingsError, RenderError, OSError, ValueError)

as_json: Callable = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def sentence(error: Exception) -> str:
    """What went wrong, for a person."""
    if isinstance(error, BadRequest):
        return error.details
    if isinstance(error, DatabaseUnavailable):
        reason = "Is this directory running? Start it with deploy/up."
        return f"the database does not answer. {reason if error.details == error.advice else error.details}"
    if isinstance(error, ControlError):
        return f"{error.message} {error.details}"
    return str(error).strip() or type(error).__name__


def show(value: Mapping | Sequence[Mapping], as_json: bool, columns: Sequence[str] = ()) -> None:
    """Print a list of records (the given columns, aligned) or one record (a field a line), or either as JSON."""
    if as_json:
        click.echo(json.dumps(value, indent=2, default=str))
    elif isinstance(value, Mapping):
        click.echo(_aligned([(name, _cell(field)) for name, field in value.items()]), nl=bool(value))
    else:
        rows = [tuple(name.upper().replace("_", " ") for name in columns)]
        rows += [tuple(_cell(record[name]) for name in columns) for record in value]
        click.echo(_aligned(rows))


def report(outcome: Outcome, as_json: bool) -> None:
    """Print what became of several media; raises CommandError where some were left as they are."""
    show({"done": outcome.done, "refused": [asdict(one) for one in outcome.refused]}, as_json)
    if outcome.refused:
        raise CommandError(f"{len(outcome.refused)} were left as they are: {outcome.refused[0].reason}")


def _cell(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return printable("" if value is None else str(value))


def printable(text: str) -> str:
    """A file name may hold terminal escapes."""
    return "".join(character if character.isprintable() else "�" for character in text)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)

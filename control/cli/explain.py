"""``sluice explain``: why something was allowed or refused."""

from __future__ import annotations

from pathlib import Path

import click

from control.cli.instance import opened
from control.cli.outcome import CommandError, as_json, show
from control.resources.audit import explanation_shape


@click.command()
@click.argument("decision")
@as_json
@click.pass_obj
def command(data: Path, decision: str, as_json: bool) -> None:
    """Tell why DECISION (the id in an error or a log line) was taken."""
    with opened(data) as services:
        explanation = services.explain(decision)
    if explanation.outcome == "unknown":
        raise CommandError(explanation.sentence)
    if as_json:
        show(explanation_shape(explanation), as_json)
        return
    click.echo(f"{explanation.outcome}: {explanation.sentence}")
    width = max(len(label) for label, _ in explanation.facts)
    for label, value in explanation.facts:
        click.echo(f"  {label.ljust(width)}  {''.join(c if c.isprintable() else '�' for c in value)}")

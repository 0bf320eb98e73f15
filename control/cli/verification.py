"""``sluice edge verify``: does Nginx refuse whatever it has to refuse?"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from control.bootstrap import Services
from control.cli.instance import opened
from control.cli.outcome import CommandError, as_json, printable, show
from control.cli.probes import Hole, Request, gated, internal, judge, signed
from control.cli.probes.canary import canary
from control.cli.probes.wire import Wire
from control.services.users import OPERATOR


@dataclass(frozen=True, slots=True)
class Verdict:
    """`asked` counts the questions by the class of objects."""

    asked: Counter[str]
    holes: list[Hole]
    seconds: float


@click.command("verify")
@click.option("--at", metavar="HOST:PORT", help="Ask an edge instead of the Nginx of this machine.")
@as_json
@click.pass_obj
def command(data: Path, at: str | None, as_json: bool) -> None:
    """Ask the running Nginx for one object of every kind, with the right credentials and every wrong one.

    It makes what it asks for, and takes it away again. Exit code 1: a wrong answer, with the request that got it.
    """
    host, _, port = (at or "").rpartition(":")
    with opened(data) as services:
        verdict = verify(services, int(port or services.settings.server.port), host.strip("[]") or Wire.HOST)
    tell(verdict, as_json)
    sys.exit(bool(verdict.holes))


def verify(services: Services, port: int, host: str = Wire.HOST) -> Verdict:
    """Ask the Nginx on this port, of this machine unless another is named.

    Raises CommandError where none can be asked.
    """
    began, wire = time.monotonic(), Wire(port, host)
    _must_listen(wire)
    with canary(services) as made:
        questions = itertools.chain(
            gated.probes(made, services), signed.probes(made, services), internal.probes(made, services.settings)
        )
        asked, holes = Counter(), []
        for probe in questions:
            asked[probe.of] += 1
            holes.append(judge(probe, wire.ask(probe.request), (made.text, made.key)))
        wire.close()
    verdict = Verdict(asked, list(filter(None, holes)), round(time.monotonic() - began, 2))
    services.audit.record("edge_verified", OPERATOR, reason=summary(verdict))
    return verdict


def _must_listen(wire: Wire) -> None:
    answer = wire.ask(Request("/healthz"))
    if answer.status == 403:
        raise CommandError(f"{wire.host} may not ask here: add it to server.allowed_networks.")
    if answer.status != 200:
        raise CommandError("control does not answer. Start it with deploy/up, or systemctl start sluice-control.")


def tell(verdict: Verdict, as_json: bool) -> None:
    if as_json:
        show(record(verdict), as_json)
        return
    for hole in verdict.holes:
        click.echo(printable(f"XX  {hole.of}, {hole.who}: {hole.says}; it should have been a {_opposite(hole)}"))
        for line in hole.request.splitlines():
            click.echo("      " + printable(line))
    click.echo(summary(verdict))


def record(verdict: Verdict) -> dict[str, Any]:
    return {
        "asked": verdict.asked.total(), "classes": dict(verdict.asked), "seconds": verdict.seconds,
        "holes": [asdict(hole) for hole in verdict.holes],
    }  # fmt: skip


def summary(verdict: Verdict) -> str:
    found = f"{len(verdict.holes)} wrong" if verdict.holes else "every one right"
    return f"{verdict.asked.total()} answers, {found}."


def _opposite(hole: Hole) -> str:
    return "no" if hole.wrong == "yes" else "yes"

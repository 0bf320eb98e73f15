"""``sluice ready``: ask the running instance whether it can serve."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

import click

from control import settings
from control.cli.outcome import CommandError

_PAUSE_SECONDS = 0.3


@click.command()
@click.option("--wait", default=0.0, show_default=True, help="Seconds to wait for it.")
@click.pass_obj
def command(data: Path, wait: float) -> None:
    """Ask /readyz; exit code 2 and what is missing when it is not ready."""
    address = f"https://localhost:{settings.load(data).server.port}/readyz"
    deadline = time.monotonic() + wait
    while (problem := ask(address)) is not None:
        if time.monotonic() >= deadline:
            raise CommandError(f"not ready: {problem}")
        time.sleep(_PAUSE_SECONDS)
    click.echo("ready")


def ask(address: str) -> str | None:
    """None when it is ready, otherwise what it says."""
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=_without_verification())
    )
    try:
        opener.open(address, timeout=5).close()
    except urllib.error.HTTPError as error:
        return _checks(error.read())
    except OSError as error:
        return str(getattr(error, "reason", error))
    return None


def _without_verification() -> ssl.SSLContext:
    """It is our own process on this machine, and its certificate may name any host."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _checks(body: bytes) -> str:
    try:
        failing = [name for name, works in json.loads(body)["checks"].items() if not works]
    except (ValueError, KeyError, AttributeError):
        return "control does not answer"
    return ", ".join(failing) or "control does not answer"

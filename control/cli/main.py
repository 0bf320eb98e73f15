"""``sluice [--data DIR] COMMAND``: the operator's command, the same one in development and in production.

One module per noun, imported when it is asked for; each offers ``command``.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from control.cli.account import act_as_owner
from control.cli.environment import recall
from control.cli.outcome import EXPECTED, sentence

NOUNS = (
    "audit", "backup", "cert", "completion", "config", "doctor", "edge", "explain", "import", "init", "key", "link",
    "media", "migrate", "mount", "nginx", "queue", "ready", "receipts", "restore", "session", "setup", "share",
    "status", "token", "trash", "user", "vault",
)  # fmt: skip


class Nouns(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in NOUNS:
            return None
        return importlib.import_module(f"control.cli.{cmd_name}").command


@click.group(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--data", envvar="SLUICE_DATA", default="data", show_default=True, type=click.Path(path_type=Path),
              help="The data directory.")  # fmt: skip
@click.pass_context
def cli(context: click.Context, data: Path) -> None:
    """Look after one Sluice data directory."""
    context.obj = data.resolve()
    if context.invoked_subcommand != "setup":  # which asks for the directory first
        act_as_owner(context.obj)
        recall(context.obj)


def main() -> None:
    """The entry point: what is expected to go wrong is one sentence and exit code 2, never a traceback."""
    try:
        cli(prog_name="sluice")
    except EXPECTED as error:
        click.echo(f"sluice: {sentence(error)}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()

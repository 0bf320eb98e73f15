"""``sluice completion``: what a shell needs to complete commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion of SHELL: `eval "$(sluice completion bash)"` in ~/.bashrc, or zsh in ~/.zshrc."""
    root = context.find_root().command
    click.echo(get_completion_class(shell)(root, {}, "sluice", "_SLUICE_COMPLETE").source())

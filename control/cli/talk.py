"""Asking at a terminal: one sentence, one question, one default; what cannot be used is asked again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import TypeVar

import click

from control.cli.outcome import CommandError

T = TypeVar("T")
PASSWORD = "SLUICE_ADMIN_PASSWORD"  # noqa: S105 (the name of a variable)


class Talk:
    """`given` are answers by flags, which are not asked; without `asking` every other question has its default.

    All of it goes to standard error: standard output is for the result.
    """

    def __init__(self, asking: bool, given: Mapping[str, str | None]):
        self.asking, self._given = asking, dict(given)

    def answer(self, name: str, asks: str, says: str, default: str, parse: Callable[[str], T]) -> T:
        """What `parse` makes of the answer. Raises CommandError where it cannot be asked again."""
        given = self._given.get(name)
        if given is not None or not self.asking:
            return _parsed(name, default if given is None else given, parse)
        click.echo(f"\n{says}", err=True)
        while True:
            text = click.prompt(asks, default=default, show_default=bool(default), err=True)
            try:
                return parse(text.strip())
            except ValueError as error:
                _again(error)

    def password(self, says: str, check: Callable[[str], None]) -> str | None:
        """One that `check` lets pass, typed twice; None: no wish. SLUICE_ADMIN_PASSWORD counts as a flag."""
        given = self._given.get("password") or os.environ.get(PASSWORD)
        if given:
            return _parsed("password", given, lambda text: check(text) or text)
        if not self.asking:
            return None
        click.echo(f"\n{says}", err=True)
        while True:
            text = _hidden("Password")
            if not text:
                return None
            try:
                check(text)
            except ValueError as error:
                _again(error)
                continue
            if _hidden("The same once more") == text:
                return text
            _again(ValueError("the two are not the same"))

    def says(self, *names: str) -> bool:
        """Whether a flag, or the variable for the password, has answered one of them."""
        chosen = self._given | {"password": self._given.get("password") or os.environ.get(PASSWORD)}
        return any(chosen.get(name) is not None for name in names)

    def agrees(self, question: str) -> bool:
        return not self.asking or click.confirm(question, default=True, err=True)


def say(text: str = "") -> None:
    click.echo(text, err=True)


def terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _hidden(asks: str) -> str:
    return click.prompt(asks, default="", hide_input=True, show_default=False, err=True)


def _again(error: ValueError) -> None:
    click.secho(f"  That cannot be used: {error}.", fg="red", err=True)


def _parsed(name: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise CommandError(f"--{name} cannot be used: {error}.") from None

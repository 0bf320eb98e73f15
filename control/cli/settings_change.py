"""Changing settings in the text of a ``sluice.toml``: what else stands in it, and its comments, stay as they are."""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any

from control.cli.outcome import CommandError


def changed(text: str, settings: Mapping[str, Any], mounts: Sequence[Mapping[str, str]] = ()) -> str:
    """The text with these settings ({"server.port": 8443}; None: the default again) and with more [[mounts]].

    Raises CommandError where the file says it in a way that only a person can change.
    """
    found = text
    for dotted, value in settings.items():
        section, _, name = dotted.partition(".")
        found = _with(found, section, name, value)
    for mount in mounts:
        found += "\n[[mounts]]\n" + "".join(f"{name} = {_written(value)}\n" for name, value in mount.items())
    _must_say(found, _expected(tomllib.loads(text), settings, mounts))
    return found


def difference(before: str, after: str, name: str) -> list[str]:
    """The lines of a unified diff."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, f"{name} (new)", n=1, lineterm="")
    return list(lines)


def _with(text: str, section: str, name: str, value: Any) -> str:
    lines = text.splitlines()
    place = _section(lines, section)
    if place is None:
        return text if value is None else f"{text}\n[{section}]\n{name} = {_written(value)}\n"
    set_at, shown_at = _find(lines, place, rf"{name}\s*="), _find(lines, place, rf"#{name}\s*=")
    if value is None:
        for number in _extent(lines, set_at):
            lines[number] = "#" + lines[number]
    else:
        replaced = _extent(lines, set_at) or _extent(lines, shown_at) or range(place.start, place.start)
        lines[replaced.start : replaced.stop] = [f"{name} = {_written(value)}"]
    return "\n".join(lines) + "\n"


def _section(lines: list[str], section: str) -> range | None:
    """The numbers of the lines below its header."""
    headers = [number for number, line in enumerate(lines) if re.match(r"\s*\[", line)]
    for number, following in pairwise([*headers, len(lines)]):
        if re.match(rf"\s*\[\s*{section}\s*\]", lines[number]):
            return range(number + 1, following)
    return None


def _find(lines: list[str], place: range, pattern: str) -> int | None:
    return next((number for number in place if re.match(pattern, lines[number])), None)


def _extent(lines: list[str], start: int | None) -> range:
    """The lines of one setting: a list may go over several."""
    if start is None:
        return range(0)
    for stop in range(start + 1, len(lines) + 1):
        try:
            tomllib.loads("\n".join(line.removeprefix("#") for line in lines[start:stop]))
        except tomllib.TOMLDecodeError:
            continue
        return range(start, stop)
    return range(start, start + 1)


def _written(value: Any) -> str:
    # JSON's numbers, strings and lists are TOML's.
    return json.dumps(value, ensure_ascii=False)


def _expected(before: dict, settings: Mapping[str, Any], mounts: Sequence[Mapping[str, str]]) -> dict:
    after = deepcopy(before)
    for dotted, value in settings.items():
        section, _, name = dotted.partition(".")
        if value is None:
            after.get(section, {}).pop(name, None)
        else:
            after.setdefault(section, {})[name] = value
    if mounts:
        after.setdefault("mounts", []).extend(map(dict, mounts))
    return after


def _must_say(text: str, expected: dict) -> None:
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        said = None
    if said != expected:
        raise CommandError("sluice.toml is written in a way that only a person can change: edit it by hand.")

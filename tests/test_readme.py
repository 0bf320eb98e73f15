"""The README is true: its error table is the code's, and the files that it names exist."""

from __future__ import annotations

import re
from pathlib import Path

from control.domain.rights import RIGHTS
from control.domain.users import ROLES
from control.errors import table

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def row(error) -> str:
    return f"| `{error.code}` | {error.status} | {error().message} | {error.advice} |"


def test_the_error_table_is_the_one_of_the_code():
    rows = [line for line in README.splitlines() if re.match(r"\| `[A-Z]+_[0-9]{3}` ", line)]
    assert rows == [row(error) for error in table()], "\n".join(row(error) for error in table())


def cells(right) -> list[str]:
    """What anonymous and each role may, by the table."""
    if right.role is None:
        return ["yes"] * 5
    least, owners = ROLES.index(right.role), ROLES.index(right.least_role)
    return ["-"] + ["yes" if n >= least else "own" if n >= owners else "-" for n in range(len(ROLES))]


def test_the_table_of_rights_is_the_one_of_the_code():
    for right in RIGHTS:
        scope = {None: "-", "": "any"}.get(right.scope, right.scope)
        assert f"| {right.says} | {' | '.join(cells(right))} | {scope} |" in README, right.name


def test_every_file_that_it_names_exists():
    named = re.findall(r"`((?:control|nginx|processor|templates|deploy|tests)/[\w./-]*)`", README)
    assert len(named) > 20
    assert not [path for path in named if not (ROOT / path).exists()]


def test_every_section_of_the_settings_is_listed():
    from control.settings import Settings

    for name in set(Settings.model_fields) - {"data"}:
        assert f"[{name}]" in README, name

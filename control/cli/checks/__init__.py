"""What `sluice doctor` looks at; a module is one place to look, a check says what it has found and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`says` is what is so, `cure` what to do about it (empty where nothing has to be done)."""

    check: str
    state: State
    says: str
    cure: str = ""


def good(check: str, says: str) -> Finding:
    return Finding(check, "ok", says)


def judged(check: str, fine: bool, says: str, cure: str, otherwise: State = "failed") -> Finding:
    """`cure` counts only where it is not fine."""
    return Finding(check, "ok" if fine else otherwise, says, "" if fine else cure)

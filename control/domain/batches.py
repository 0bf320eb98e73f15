"""What becomes of several media at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["trash", "restore", "tag", "visibility"]

LARGEST = 1000  # media at once
MOST_TAGS = 50  # of one media


@dataclass(frozen=True, slots=True)
class Refused:
    """One that was left as it is."""

    id: str
    name: str  # empty where one may not know of it
    code: str  # of the error table
    reason: str  # for people


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` are ids, in the order in which they were asked for."""

    done: list[str]
    refused: list[Refused]

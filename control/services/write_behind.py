"""Writing behind: what waits is written in one go, and what can never be written does not hold up the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from control.errors import Unwritable


def write_out(waiting: list, write: Callable[[list], None], lost: Callable[[Any, Unwritable], None]) -> None:
    """Write all of `waiting` and take it off that list; what can never be written is found by halves, and `lost`.

    Raises whatever else `write` raises: then the rest waits on.
    """
    size = len(waiting)
    while waiting:
        part = waiting[:size]
        try:
            write(part)
        except Unwritable as error:
            if len(part) > 1:
                size = len(part) // 2
                continue
            lost(part[0], error)
        del waiting[: len(part)]
        size = len(waiting)

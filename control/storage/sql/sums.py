"""Tables of sums: what is to be added to them is collected, and written by one statement for each table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

_DAY = 24  # hours


@dataclass(frozen=True)
class Sums:
    """`keys` are columns with their types. `timed` tables have grain and at before their other keys: what is collected
    for an hour is written for its day too. `distinct`: the first sum counts different ones: a day's are its own.
    """

    table: str
    keys: dict[str, str]
    sums: tuple[str, ...]
    timed: bool = True
    distinct: bool = False

    @property
    def columns(self) -> dict[str, str]:
        times = {"grain": "text", "at": "timestamptz"} if self.timed else {}
        return times | self.keys

    def statement(self, returning: str = "") -> str:
        """Locks rows in the order of their keys, so that two readers of logs never wait for each other in a circle."""
        columns = self.columns | dict.fromkeys(self.sums, "bigint")
        places = ", ".join(f"%s::{'text' if kind == 'uuid' else kind}[]" for kind in columns.values())
        chosen = ", ".join(f"{name}::{kind}" for name, kind in columns.items())
        added = ", ".join(f"{name} = known.{name} + excluded.{name}" for name in self.sums)
        keys = ", ".join(self.columns)
        return (
            f"INSERT INTO {self.table} AS known ({', '.join(columns)})"  # noqa: S608
            f" SELECT {chosen} FROM unnest({places}) AS new({', '.join(columns)}) ORDER BY {keys}"
            f" ON CONFLICT ({keys}) DO UPDATE SET {added} {returning}"
        )


@dataclass
class Collected:
    """What is to be added: keys -> a number for each of the sums. The first key of a timed one is the hour."""

    sums: Sums
    rows: dict[tuple, list[int]] = field(default_factory=dict)
    different: dict[tuple, int] = field(default_factory=dict)  # of days, where it is `distinct`

    def of(self, *keys: Any) -> list[int]:
        found = self.rows.get(keys)
        if found is None:
            found = self.rows[keys] = [0] * len(self.sums.sums)
        return found

    def add(self, numbers: Iterable[int], *keys: Any) -> None:
        total = self.of(*keys)
        total[:] = map(sum, zip(total, numbers, strict=True))

    def write(self, connection: psycopg.Connection, returning: str = "") -> list[dict]:
        rows = self.timed() if self.sums.timed else [(*key, *numbers) for key, numbers in self.rows.items()]
        rows = [row for row in rows if any(row[-len(self.sums.sums) :])]
        if not rows:
            return []
        columns = [list(column) for column in zip(*rows, strict=True)]
        cursor = connection.execute(self.sums.statement(returning), columns)
        return cursor.fetchall() if returning else []

    def timed(self) -> Iterable[tuple]:
        """Rows of hours and of days: grain, at, the other keys, sums."""
        days: dict[tuple, list[int]] = {}
        for (hour, *key), numbers in self.rows.items():
            yield ("h", moment(hour), *key, *numbers)
            day = days.setdefault((day_of(hour), *key), [0] * len(numbers))
            day[:] = map(sum, zip(day, numbers, strict=True))
        for (hour, *key), numbers in days.items():
            if self.sums.distinct:
                numbers[0] = self.different.get((hour, *key), 0)
            yield ("d", moment(hour), *key, *numbers)


def day_of(hour: int) -> int:
    """The first hour of its day."""
    return hour // _DAY * _DAY


def moment(hour: int) -> datetime:
    return datetime.fromtimestamp(hour * 3600, UTC)

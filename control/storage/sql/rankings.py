"""Who or what was the most in a span: read off an index of running sums, where the span has some.

For any other span of days, larger running sums are a bound: whoever is the most there is looked at first, by their own
weeks and days in the span, until nobody who comes later can be more than the last one that is shown. Only where there
are few, or where that goes on for too long (all are much the same, or the span is unlike the time around it), all of
it is added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from control.domain.insight import Span
from control.storage.sql.lately import EVERYTHING, Running
from control.storage.sql.pool import Database

IN_SPAN = "grain = %(grain)s AND at >= %(start)s AND at < %(end)s"

_REACH = 4  # times as many as are shown are looked at, before everything is
_FEW = 10  # times as many as that are added up sooner than the likely ones are looked up one by one


@dataclass(frozen=True)
class Ranking:
    """`shown`: columns of what is joined by `joined` with `sums`, an `id` among them; `condition`: whom to show."""

    running: Running
    shown: str
    joined: str
    condition: str = "TRUE"

    def best(self, database: Database, span: Span, limit: int, narrowed: bool = False, **parameters: Any) -> list[dict]:
        """Rows of `shown` and of the running sums, the most first. `narrowed`: many are not to be shown."""
        parameters |= of_span(span) | {"subject": self.running.subject, "limit": limit}
        if rows := database.all(self._kept, parameters):
            return _found(rows, "span")
        parameters["reach"] = _REACH * limit
        known = database.one(self._known, parameters | {"few": _FEW * _REACH * limit})
        parameters |= dict(zip(("first", "last"), span.weeks(known["start"]), strict=True))
        if span.grain == "d" and known["many"]:
            rows = database.all(self._likely, parameters)
            bound, rows = rows[0]["bound"], _found(rows, "bound")
            if bound is None or (len(rows) == limit and self._rank(rows[-1]) > bound):
                return rows
        first = [] if narrowed else database.all(self._first, parameters)
        return first if len(first) == limit else database.all(self._added_up(), parameters)

    def _rank(self, row: dict) -> list[int]:
        return [row[name] for name in self.running.order]

    @property
    def _known(self) -> str:
        """Since when there are weeks, and whether there are more than so `few`."""
        return f"""
            SELECT start, EXISTS (SELECT FROM {self.running.table} WHERE span = '{EVERYTHING}' OFFSET %(few)s) AS many
            FROM insight_spans WHERE subject = %(subject)s AND span = '{EVERYTHING}'"""  # noqa: S608

    @property
    def _kept(self) -> str:
        """A row for nobody says that there are running sums of the span, and nothing in them."""
        return f"""
            SELECT spans.span, best.* FROM insight_spans spans LEFT JOIN LATERAL (
                SELECT {self.shown}, {self._sums} FROM {self.running.table} sums {self.joined}
                WHERE sums.span = spans.span AND {self.condition}
                ORDER BY {self._order}, sums.{self.running.key} LIMIT %(limit)s) best ON TRUE
            WHERE subject = %(subject)s AND grain = %(grain)s AND start = %(start)s AND stop = %(end)s
            ORDER BY {self._ordered}"""  # noqa: S608

    @property
    def _likely(self) -> str:
        """Of the first %(reach)s of the shortest span around it; `bound` is what the next one has there, if any."""
        key = self.running.key
        return f"""
            WITH likely AS MATERIALIZED (
                SELECT {key}, ARRAY[{self._order.replace(" DESC", "")}] AS rank FROM {self.running.table} sums
                WHERE span = (SELECT span FROM insight_spans WHERE subject = %(subject)s AND grain = %(grain)s
                    AND (start <= %(start)s OR span = 'all') AND stop >= %(end)s ORDER BY start DESC LIMIT 1)
                ORDER BY {self._order}, {key} LIMIT %(reach)s + 1)
            SELECT (SELECT rank FROM likely OFFSET %(reach)s) AS bound, best.* FROM (SELECT) one LEFT JOIN LATERAL (
                SELECT {self.shown}, {self._sums} FROM (
                    SELECT * FROM (SELECT {key} FROM likely LIMIT %(reach)s) likely CROSS JOIN LATERAL (
                        SELECT {self._summed} FROM ({self._rows(f"AND {key} = likely.{key}")}) own
                        HAVING count(*) > 0) own) sums {self.joined}
                WHERE {self.condition} ORDER BY {self._order}, sums.{key} LIMIT %(limit)s) best ON TRUE
            ORDER BY {self._ordered}"""  # noqa: S608

    def _added_up(self, first: str = "") -> str:
        """All of it; only whoever comes `first` is joined, where that is said."""
        key = self.running.key
        return f"""
            SELECT {self.shown}, {self._sums} FROM (SELECT {key}, {self._summed} FROM ({self._rows()}) own
                GROUP BY {key} {first}) sums {self.joined}
            WHERE {self.condition} ORDER BY {self._order}, sums.{key} LIMIT %(limit)s"""  # noqa: S608

    @property
    def _first(self) -> str:
        order = ", ".join(f"sum({name}) DESC" for name in self.running.order)
        return self._added_up(f"ORDER BY {order}, {self.running.key} LIMIT %(reach)s")

    def _rows(self, condition: str = "") -> str:
        """Whole weeks, and the hours or days before and after them."""
        running = self.running
        columns = f"SELECT {running.key}, {', '.join(running.sums)} FROM"
        edge = f"{columns} {running.of.table} WHERE grain = %(grain)s AND {running.counts} {condition} AND"
        return f"""
            {columns} {running.weeks} WHERE at >= %(first)s AND at < %(last)s {condition}
            UNION ALL {edge} at >= %(start)s AND at < %(first)s UNION ALL {edge} at >= %(last)s AND at < %(end)s"""

    @property
    def _sums(self) -> str:
        return ", ".join(f"sums.{name}" for name in self.running.sums)

    @property
    def _summed(self) -> str:
        return ", ".join(f"sum({name})::bigint AS {name}" for name in self.running.sums)

    @property
    def _order(self) -> str:
        return ", ".join(f"sums.{name} DESC" for name in self.running.order)

    @property
    def _ordered(self) -> str:
        return ", ".join(f"best.{name} DESC" for name in self.running.order) + ", best.id"


def of_span(span: Span) -> dict[str, Any]:
    return {"grain": span.grain, "start": span.start, "end": span.end}


def _found(rows: list[dict], said: str) -> list[dict]:
    """Without what each row says besides, and without the row for nobody."""
    return [{name: value for name, value in row.items() if name != said} for row in rows if row["id"] is not None]

"""Running sums of the last 24 hours, 7 and 30 days, and of everything that is kept: of each media and of each user.

In every transaction they are what the rows of their span add up to: receipts add to both, and as time goes on a span
is slid along by what comes into it and what falls out. Whoever slides waits for those who add, and the other way
round: the rows of insight_spans are their locks.

Of any other span, whole weeks have been added up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg

from control.domain.insight import SPANS, Grain, Span, lately, span, week_of, without
from control.storage.sql.pool import Database
from control.storage.sql.sums import Collected, Sums

EVERYTHING = "all"


@dataclass(frozen=True)
class Running:
    """`of` is timed, with one more key. `order`: those of its sums that say what the most is; `others` are kept too."""

    subject: str
    of: Sums
    order: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return next(iter(self.of.keys))

    @property
    def table(self) -> str:
        return f"insight_{self.subject}_lately"

    @property
    def weeks(self) -> str:
        return f"insight_{self.subject}_weeks"

    @property
    def sums(self) -> tuple[str, ...]:
        return self.order + self.others

    @property
    def counts(self) -> str:
        """The condition for a row that has something to add."""
        return "(" + " OR ".join(f"{name} <> 0" for name in self.sums) + ")"


MEDIA = Running(
    "media",
    Sums("insight_media", {"media_id": "uuid"},
         ("viewers", "views", "portable", "shared", "linked", "watched_ms", "downloads", "bytes"), distinct=True),
    ("views", "watched_ms", "downloads"),
)  # fmt: skip
USERS = Running(
    "users",
    Sums("insight_users", {"user_id": "uuid"}, ("watched_ms", "sittings", "views", "downloads")),
    ("watched_ms", "views"), ("sittings", "downloads"),
)  # fmt: skip

# --- receipts add to them ---------------------------------------------------------------------------


def held(connection: psycopg.Connection) -> list[dict]:
    """The spans as they are until the transaction ends; asked for before anything of it is written."""
    return connection.execute("SELECT * FROM insight_spans ORDER BY subject, span FOR SHARE").fetchall()


def add(connection: psycopg.Connection, spans: list[dict], running: Running, collected: Collected) -> None:
    """What is `collected` for the rows of `running.of`."""
    spans = [row for row in spans if row["subject"] == running.subject]
    since = next(row["start"] for row in spans if row["span"] == EVERYTHING)
    in_spans = Collected(Sums(running.table, {"span": "text", **running.of.keys}, running.sums, timed=False))
    in_weeks = Collected(Sums(running.weeks, {"at": "timestamptz", **running.of.keys}, running.sums, timed=False))
    for grain, at, key, *numbers in collected.timed():
        added = [numbers[running.of.sums.index(name)] for name in running.sums]
        for row in spans:
            if grain == row["grain"] and row["start"] <= at < row["stop"]:
                in_spans.add(added, row["span"], key)
        if grain == "d" and since <= week_of(at):
            in_weeks.add(added, week_of(at), key)
    in_spans.write(connection)
    in_weeks.write(connection)


# --- and time slides them along -----------------------------------------------------------------------


class LatelyStore:
    def __init__(self, database: Database):
        self._database = database

    def slide(self, at: datetime | None = None) -> int:
        """Bring each span to where it is `at` a moment (None: now); return how many were not there."""
        moment = at or self._database.one("SELECT now()")["now"]  # of one clock, however many hosts do it
        return sum(self._slide(running, span, moment) for running in (MEDIA, USERS) for span in self._named(running))

    def _named(self, running: Running) -> list[dict]:
        return self._database.all(
            "SELECT * FROM insight_spans WHERE subject = %s AND span = ANY(%s)", [running.subject, list(SPANS)]
        )

    def _slide(self, running: Running, known: dict, moment: datetime) -> bool:
        name, after = known["span"], lately(known["span"], moment)
        if _of(known) == after:
            return False
        with self._database.transaction() as connection:
            asked = "SELECT * FROM insight_spans WHERE subject = %s AND span = %s FOR UPDATE"
            before = _of(connection.execute(asked, [running.subject, name]).fetchone())
            for sign, parts in ((1, without(after, before)), (-1, without(before, after))):
                for step in (step for part in parts for step in part.steps):
                    _change(connection, running, name, sign, step)
            connection.execute(
                "UPDATE insight_spans SET start = %s, stop = %s WHERE subject = %s AND span = %s",
                [after.start, after.end, running.subject, name],
            )
        return True


def hold(connection: psycopg.Connection, running: Running) -> list[dict]:
    """No receipt is counted, and no span slides, until the transaction ends; asked for before anything else in it."""
    asked = "SELECT * FROM insight_spans WHERE subject = %s ORDER BY span FOR UPDATE"
    return connection.execute(asked, [running.subject]).fetchall()


def forget(connection: psycopg.Connection, running: Running, until: dict[Grain, datetime]) -> None:
    """Take away what is going to be removed: the hours and days of before `until`."""
    for row in hold(connection, running):
        gone = Span(row["grain"], row["start"], min(row["stop"], until[row["grain"]]))
        if gone.start < gone.end:
            _change(connection, running, row["span"], -1, gone)
    kept = span(until["d"] - timedelta(microseconds=1), until["d"], "d").end  # the first day that stays
    connection.execute(f"DELETE FROM {running.weeks} WHERE at < %s", [kept])  # noqa: S608
    connection.execute(
        "UPDATE insight_spans SET start = greatest(start, %s) WHERE subject = %s AND span = %s",
        [kept, running.subject, EVERYTHING],
    )


def _change(connection: psycopg.Connection, running: Running, span: str, sign: int, of: Span) -> None:
    """Add what the rows of `of` say, or take it away again."""
    connection.execute(
        f"""INSERT INTO {running.table} AS known (span, {running.key}, {", ".join(running.sums)})
            SELECT %(span)s, {running.key}, {", ".join(f"%(sign)s * sum({name})::bigint" for name in running.sums)}
            FROM {running.of.table} WHERE grain = %(grain)s AND at >= %(start)s AND at < %(end)s AND {running.counts}
            GROUP BY {running.key} ORDER BY {running.key}
            ON CONFLICT (span, {running.key}) DO UPDATE
            SET {", ".join(f"{name} = known.{name} + excluded.{name}" for name in running.sums)}""",  # noqa: S608
        {"span": span, "sign": sign, "grain": of.grain, "start": of.start, "end": of.end},
    )
    if sign < 0:
        nothing = " AND ".join(f"{name} = 0" for name in running.sums)
        connection.execute(f"DELETE FROM {running.table} WHERE span = %s AND {nothing}", [span])  # noqa: S608


def _of(row: dict) -> Span:
    return Span(row["grain"], row["start"], row["stop"])

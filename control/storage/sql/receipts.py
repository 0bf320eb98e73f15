"""Receipts: rows, the positions that they were read up to, and what tickets have left (coverage)."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg

from control.domain.receipts import DOWNLOADS, Aside, Batch, Covered, Day, Delivery, Downloads, Position, Receipt
from control.storage.sql.pool import Database
from control.storage.sql.rollups import Holder

COMPLETE_PERCENT = 99  # of an item's bytes: the rest may be a tail that a player never asks for

# So many gaps has no reader of good will: from there on they count as delivered, so that nobody fills the database by
# asking for every other byte.
MOST_RANGES = 1000

_COPY = f"COPY receipts ({', '.join(Receipt._fields)}) FROM STDIN"
_LOCK = "pg_try_advisory_xact_lock(hashtext('sluice receipts'), hashtext(%s))"

_ADD_RANGES = """
    INSERT INTO coverage AS known (ticket, item, size, ranges)
    SELECT ticket, item::uuid, size, ranges::int8multirange
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::text[]) AS added(ticket, item, size, ranges)
    ON CONFLICT (ticket, item) DO UPDATE SET size = excluded.size, updated_at = now(),
        -- A file of another size is another file.
        ranges = CASE WHEN known.size = excluded.size THEN known.ranges + excluded.ranges ELSE excluded.ranges END"""
_ADD_UP = """
    UPDATE coverage SET ranges = bounded.ranges, covered = summed.covered,
        completed_at = coalesce(known.completed_at,
            CASE WHEN summed.covered * 100 >= known.size * %(percent)s THEN now() END)
    FROM unnest(%(tickets)s::text[], %(items)s::text[]) AS changed(ticket, item)
    JOIN coverage known ON known.ticket = changed.ticket AND known.item = changed.item::uuid
    CROSS JOIN LATERAL (SELECT CASE WHEN count(*) > %(most)s THEN range_merge(known.ranges)::int8multirange
        ELSE known.ranges END AS ranges FROM unnest(known.ranges)) bounded
    CROSS JOIN LATERAL (SELECT coalesce(sum(upper(one) - lower(one)), 0) AS covered
        FROM unnest(bounded.ranges) AS one) summed
    WHERE coverage.ticket = known.ticket AND coverage.item = known.item"""


class Reading:
    """One transaction over one log: positions are read, rows written and positions moved in it, or nothing is."""

    def __init__(self, connection: psycopg.Connection, source: str, months: set[datetime], roll_up: RollUp | None):
        self._connection, self._source, self._months, self._roll_up = connection, source, months, roll_up

    def position(self, file: str) -> int:
        """How many bytes of `file` have been read."""
        row = self._connection.execute(
            "SELECT position FROM receipt_positions WHERE source = %s AND file = %s", [self._source, file]
        ).fetchone()
        return row["position"] if row else 0

    def move(self, file: str, position: int, batch: Batch) -> set[str]:
        """Take up what the bytes up to `position` said; return the tickets that have got further."""
        holders = self._holders({d.receipt.grant_id for d in batch.deliveries if d.receipt.grant_id})
        receipts = self._looked_up(batch.deliveries, holders)
        self._make_partitions(receipts)
        with self._connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            for receipt in receipts:
                copy.write_row(receipt)
        self._connection.execute(
            """INSERT INTO receipt_positions AS known (source, file, position, lines, bad_lines)
               VALUES (%s, %s, %s, %s, %s) ON CONFLICT (source, file) DO UPDATE SET position = excluded.position,
               lines = known.lines + excluded.lines, bad_lines = known.bad_lines + excluded.bad_lines,
               updated_at = now()""",
            [self._source, file, position, batch.lines, batch.bad_lines],
        )
        if self._roll_up:
            self._roll_up(self._connection, receipts, holders, batch.aside)
        return self._cover(zip(receipts, batch.deliveries, strict=True))

    def _looked_up(self, deliveries: list[Delivery], holders: dict[str, Holder]) -> list[Receipt]:
        """With the users of grants, and the media of mounted files."""
        media = self._mounted({d.mounted for d in deliveries if d.mounted})
        if not holders and not media:
            return [delivery.receipt for delivery in deliveries]
        users = {grant: holder.user_id for grant, holder in holders.items()}
        return [
            receipt._replace(
                user_id=receipt.user_id or users.get(receipt.grant_id),
                media_id=receipt.media_id or media.get(mounted),
            )
            for receipt, mounted, _ in deliveries
        ]

    def _holders(self, grants: set[str]) -> dict[str, Holder]:
        if not grants:
            return {}
        rows = self._connection.execute(
            """SELECT id, CASE WHEN visit_id IS NULL THEN user_id::text END AS user_id,
                   CASE WHEN visit_id IS NOT NULL THEN 'share' WHEN portable THEN 'portable' ELSE 'account' END AS via
               FROM grants WHERE id = ANY(%s)""",
            [list(grants)],
        )
        return {row["id"]: Holder(row["user_id"], row["via"]) for row in rows}

    def _mounted(self, places: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
        if not places:
            return {}
        rows = self._connection.execute(
            """SELECT id::text, mount, path FROM media
               WHERE (mount, path) IN (SELECT * FROM unnest(%s::text[], %s::bytea[]))""",
            [[mount for mount, _ in places], [os.fsencode(path) for _, path in places]],
        )
        return {(row["mount"], os.fsdecode(bytes(row["path"]))): row["id"] for row in rows}

    def _make_partitions(self, receipts: list[Receipt]) -> None:
        """For every month that is written to, and for the next one before it is needed."""
        now = datetime.now(UTC)
        month = _month(min((receipt.at for receipt in receipts), default=now))
        last = max([_next(_month(now)), *(receipt.at for receipt in receipts)])
        while month <= last:
            if month not in self._months:
                self._connection.execute(
                    f"""CREATE TABLE IF NOT EXISTS {_partition(month)} PARTITION OF receipts
                        FOR VALUES FROM ('{month.isoformat()}') TO ('{_next(month).isoformat()}')"""
                )
            month = _next(month)

    def _cover(self, counted: Iterable[tuple[Receipt, Delivery]]) -> set[str]:
        ranges, sizes = defaultdict(list), {}
        for receipt, delivery in counted:
            key = receipt.ticket, delivery.item or receipt.media_id
            if all(key) and receipt.size is not None:
                sizes[key] = receipt.size
                ranges[key].append(f"[{receipt.range_start},{receipt.range_end})")
        if not sizes:
            return set()
        tickets, items = map(list, zip(*sizes, strict=True))
        parts = ["{" + ",".join(ranges[key]) + "}" for key in sizes]
        self._connection.execute(_ADD_RANGES, [tickets, items, list(sizes.values()), parts])
        self._connection.execute(
            _ADD_UP, {"tickets": tickets, "items": items, "percent": COMPLETE_PERCENT, "most": MOST_RANGES}
        )
        return set(tickets)


# What else is written in the receipts' transaction: storage.sql.rollups.Rollups.
RollUp = Callable[[psycopg.Connection, list[Receipt], dict[str, Holder], Aside], None]


class ReceiptStore:
    def __init__(self, database: Database, roll_up: RollUp | None = None):
        self._database, self._roll_up = database, roll_up

    # --- written by the processor ---------------------------------------------------------------------

    @contextmanager
    def reading(self, source: str) -> Iterator[Reading | None]:
        """A transaction in which nobody else reads the log of `source`; None where somebody else does."""
        with self._database.transaction() as connection:
            mine = connection.execute(f"SELECT {_LOCK} AS mine", [source]).fetchone()["mine"]  # noqa: S608
            months = {_month_of(name) for name in _partitions(connection)} if mine else set()
            yield Reading(connection, source, months, self._roll_up) if mine else None

    def lately_counted(self, seconds: float) -> list[str]:
        """Tickets whose coverage has changed since."""
        rows = self._database.all(
            "SELECT DISTINCT ticket FROM coverage WHERE updated_at > now() - make_interval(secs => %s)", [seconds]
        )
        return [row["ticket"] for row in rows]

    def forget_before(self, moment: datetime) -> int:
        """Drop the months that ended before `moment`, with what tickets had left then; return how many months."""
        with self._database.transaction() as connection:
            old = [name for name in _partitions(connection) if _next(_month_of(name)) <= moment]
            for name in old:
                connection.execute(f"DROP TABLE IF EXISTS {name}")
            connection.execute("DELETE FROM coverage WHERE updated_at < %s", [moment])
            connection.execute("DELETE FROM receipt_positions WHERE updated_at < %s", [moment])
        return len(old)

    # --- read by everybody ----------------------------------------------------------------------------

    def positions(self, source: str) -> list[Position]:
        rows = self._database.all(
            "SELECT source, file, position, lines, bad_lines, updated_at FROM receipt_positions WHERE source = %s",
            [source],
        )
        return [Position(**row) for row in rows]

    def days(self, count: int) -> list[Day]:
        """How many rows each of the last `count` days has, the newest first; in UTC."""
        rows = self._database.all(
            """SELECT (at AT TIME ZONE 'UTC')::date AS day, count(*) AS rows FROM receipts
               WHERE at >= date_trunc('day', now(), 'UTC') - make_interval(days => %s) GROUP BY 1 ORDER BY 1 DESC""",
            [count - 1],
        )
        return [Day(**row) for row in rows]

    def downloads(self, media: Iterable[str]) -> dict[str, Downloads]:
        """What has been delivered of the originals of `media`; without those of which nothing has."""
        rows = self._database.all(
            """SELECT media_id::text, count(*) FILTER (WHERE range_start = 0 AND range_end = size) AS whole,
                   sum(bytes)::bigint AS bytes, max(at) AS last_at
               FROM receipts WHERE media_id = ANY(%s::uuid[]) AND kind = ANY(%s) AND status IN (200, 206)
               GROUP BY media_id""",
            [list(media), list(DOWNLOADS)],
        )
        return {row["media_id"]: Downloads(**row) for row in rows}

    def last_seen(self, media: Iterable[str]) -> dict[str, datetime]:
        """When something of `media` was delivered last, but for pictures of it."""
        rows = self._database.all(
            """SELECT media_id::text, max(at) AS at FROM receipts
               WHERE media_id = ANY(%s::uuid[]) AND kind <> 'still' GROUP BY media_id""",
            [list(media)],
        )
        return {row["media_id"]: row["at"] for row in rows}

    def covered(self, tickets: Iterable[str]) -> list[Covered]:
        """What each item of `tickets` has left."""
        rows = self._database.all(
            """SELECT ticket, item::text, size, covered, completed_at, updated_at FROM coverage
               WHERE ticket = ANY(%s) ORDER BY ticket, item""",
            [list(tickets)],
        )
        return [Covered(**row) for row in rows]


def _partitions(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'receipts'::regclass"
    )
    return [row["name"] for row in rows]


def _partition(month: datetime) -> str:
    return f"receipts_{month:%Y_%m}"


def _month_of(partition: str) -> datetime:
    return datetime.strptime(partition[-7:], "%Y_%m").replace(tzinfo=UTC)


def _month(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _next(month: datetime) -> datetime:
    return _month(month + timedelta(days=31))

"""What the rollups remember between two batches: how far viewings have got, and what everybody's history says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from control.domain.receipts import Beat
from control.domain.watching import Piece, Viewing


@dataclass(slots=True)
class Past:
    """What one's history says of a media, and what is to be added to it."""

    viewed_at: int = 0
    first: int = 0
    last: int = 0
    views: int = 0
    watched_ms: int = 0
    downloads: int = 0


_ADD_HISTORY = """
    INSERT INTO history AS known (user_id, media_id, first_at, last_at, viewed_at, views, watched_ms, downloads)
    SELECT user_id::uuid, media_id::uuid, to_timestamp(first), to_timestamp(last), viewed_at, views, watched_ms,
        downloads
    FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[]) AS new(user_id, media_id, first, last, viewed_at, views, watched_ms, downloads)
    ORDER BY user_id, media_id
    ON CONFLICT (user_id, media_id) DO UPDATE SET last_at = greatest(known.last_at, excluded.last_at),
        viewed_at = greatest(known.viewed_at, excluded.viewed_at), views = known.views + excluded.views,
        watched_ms = known.watched_ms + excluded.watched_ms, downloads = known.downloads + excluded.downloads"""
_VIEWING = "id, media_id, user_id, seen_at, clock, asked, last, sat, sat_at, counted_at, pending"
_SET_VIEWINGS = f"""
    INSERT INTO viewings ({_VIEWING})
    SELECT id, media_id::uuid, user_id::uuid, seen_at, clock, asked, last, sat, sat_at, counted_at, pending::int[]
    FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::int[],
        %s::bigint[], %s::bigint[], %s::text[]) AS new({_VIEWING})
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, seen_at = excluded.seen_at, clock = excluded.clock,
        asked = excluded.asked, last = excluded.last, sat = excluded.sat, sat_at = excluded.sat_at,
        counted_at = excluded.counted_at, pending = excluded.pending"""  # noqa: S608
_READ_VIEWINGS = """
    SELECT id, media_id::text, user_id::text, seen_at, clock, asked, last, sat, sat_at, counted_at, pending
    FROM viewings"""


def media_facts(connection: psycopg.Connection, ids: set[str]) -> dict[str, tuple[str, int]]:
    """id -> (kind, milliseconds)."""
    if not ids:
        return {}
    rows = connection.execute(
        "SELECT id::text, kind, coalesce(duration, 0) AS duration FROM media WHERE id = ANY(%s::uuid[])", [list(ids)]
    )
    return {row["id"]: (row["kind"], round(row["duration"] * 1000)) for row in rows}


def alive(connection: psycopg.Connection, ids: set[str]) -> set[str]:
    """Those that there are: nobody deletes them before this transaction has ended."""
    if not ids:
        return set()
    asked = "SELECT id::text FROM users WHERE id = ANY(%s::uuid[]) ORDER BY id FOR KEY SHARE"
    return {row["id"] for row in connection.execute(asked, [list(ids)])}


def cleared(connection: psycopg.Connection, ids: set[str]) -> dict[str, list[tuple[str | None, int]]]:
    """user -> (media, until when) of what has been cleared."""
    found = defaultdict(list)
    if ids:
        asked = "SELECT user_id::text, media_id::text, at FROM history_cleared WHERE user_id = ANY(%s::uuid[])"
        for row in connection.execute(asked, [list(ids)]):
            found[row["user_id"]].append((row["media_id"], int(row["at"].timestamp())))
    return found


def viewings(connection: psycopg.Connection, grants: set[str], beats: list[Beat]) -> dict[str, Viewing]:
    rows = []
    if grants:
        rows += connection.execute(f"{_READ_VIEWINGS} WHERE id = ANY(%s)", [list(grants)]).fetchall()
    if beats:
        users, media = zip(*{(beat.user_id, beat.media_id) for beat in beats}, strict=True)
        rows += connection.execute(
            f"{_READ_VIEWINGS} WHERE (user_id, media_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))",  # noqa: S608
            [list(users), list(media)],
        ).fetchall()
    return {row["id"]: _viewing(row) for row in rows}


def _viewing(row: dict) -> Viewing:
    flat = row.pop("pending")
    return Viewing(**row, pending=[Piece(*flat[at : at + 3]) for at in range(0, len(flat), 3)])


def history(connection: psycopg.Connection, pairs: set[tuple[str, str]]) -> dict[tuple[str, str], Past]:
    if not pairs:
        return {}
    users, media = zip(*pairs, strict=True)
    rows = connection.execute(
        """SELECT user_id::text, media_id::text, viewed_at FROM history
           WHERE (user_id, media_id) IN (SELECT * FROM unnest(%s::uuid[], %s::uuid[]))""",
        [list(users), list(media)],
    )
    return {(row["user_id"], row["media_id"]): Past(row["viewed_at"]) for row in rows}


def write_history(connection: psycopg.Connection, known: dict[tuple[str, str], Past]) -> None:
    rows = [
        (user, media, past.first, past.last, past.viewed_at, past.views, past.watched_ms, past.downloads)
        for (user, media), past in known.items()
        if past.last
    ]
    if rows:
        connection.execute(_ADD_HISTORY, [list(column) for column in zip(*rows, strict=True)])


def write_viewings(connection: psycopg.Connection, changed: Iterable[Viewing]) -> None:
    rows = [
        (one.id, one.media_id, one.user_id, one.seen_at, one.clock, one.asked, one.last, one.sat, one.sat_at,
         one.counted_at, "{" + ",".join(str(number) for piece in one.pending for number in piece) + "}")
        for one in changed
    ]  # fmt: skip
    if rows:
        connection.execute(_SET_VIEWINGS, [list(column) for column in zip(*rows, strict=True)])

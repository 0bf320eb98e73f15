"""Visits of shares, and the uses that they hold while they fetch something."""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from control.domain.shares import Hold, Share, Visit
from control.storage.sql.pool import Database

_VISIT = "id, share_id::text, visitor, password_version"

# One snapshot says it all: a receipt and what it adds to the coverage are committed together, so a visit is running, or
# it is used, or it holds nothing.
_HOLD = """WITH visits AS (
        SELECT v.id, v.used_at IS NOT NULL OR EXISTS (
                SELECT FROM coverage c WHERE c.ticket = v.id AND c.completed_at IS NOT NULL) AS used
        FROM share_visits v WHERE v.share_id = %(share)s
    ), running AS (
        SELECT d.visit_id, d.media_id FROM share_deliveries d JOIN visits ON visits.id = d.visit_id
        WHERE d.held_until > now() AND (d.of_key OR NOT EXISTS (
            SELECT FROM receipts r WHERE r.ticket = d.visit_id AND r.request = d.request))
    )
    SELECT count(*) FILTER (WHERE used) AS used,
        count(*) FILTER (WHERE used OR id IN (SELECT visit_id FROM running)) AS taken,
        (SELECT least(v.used_at, (SELECT min(completed_at) FROM coverage WHERE ticket = v.id))
            FROM share_visits v WHERE v.id = %(visit)s) AS mine_used_at,
        EXISTS (SELECT FROM running WHERE visit_id = %(visit)s) AS mine_running,
        EXISTS (SELECT FROM running WHERE visit_id = %(visit)s AND media_id = %(media)s) AS item_running,
        (SELECT completed_at FROM coverage WHERE ticket = %(visit)s AND item = %(media)s) AS item_complete_at
    FROM visits"""


class VisitStore:
    def __init__(self, database: Database):
        self._database = database

    def find(self, key: str) -> Visit | None:
        """By "{share} {visitor}"."""
        share, visitor = key.split(" ")
        row = self._database.one(
            f"SELECT {_VISIT} FROM share_visits WHERE share_id = %s AND visitor = %s",  # noqa: S608
            [share, visitor],
        )
        return row and Visit(**row)

    def get(self, visit: str) -> Visit | None:
        row = self._database.one(f"SELECT {_VISIT} FROM share_visits WHERE id = %s", [visit])  # noqa: S608
        return row and Visit(**row)

    def like(self, share: str, fingerprint: bytes, since: datetime) -> Visit | None:
        """The newest visit of the same address and program that came without a cookie."""
        row = self._database.one(
            f"""SELECT {_VISIT} FROM share_visits WHERE share_id = %s AND fingerprint = %s AND created_at >= %s
                ORDER BY created_at DESC LIMIT 1""",  # noqa: S608
            [share, fingerprint, since],
        )
        return row and Visit(**row)

    def open(self, visit: Visit, fingerprint: bytes | None, join: bool) -> tuple[Visit, bool]:
        """Keep `visit`, or give the one that its visitor has already the password's version. Returns whether it is new.

        `join`: programs without a cookie that come from one address at the same moment are one.
        """
        with self._database.transaction() as connection:
            if fingerprint is not None and join:
                connection.execute("SELECT pg_advisory_xact_lock(hashtext(encode(%s, 'hex')))", [fingerprint])
                known = connection.execute(
                    f"SELECT {_VISIT} FROM share_visits WHERE share_id = %s AND fingerprint = %s"  # noqa: S608
                    " AND created_at > now() - interval '10 seconds' LIMIT 1",
                    [visit.share_id, fingerprint],
                ).fetchone()
                if known:
                    return Visit(**known), False
            row = connection.execute(
                f"""INSERT INTO share_visits (id, share_id, visitor, fingerprint, password_version)
                    VALUES (%s, %s, %s, %s, %s) ON CONFLICT (share_id, visitor)
                    DO UPDATE SET password_version = excluded.password_version
                    RETURNING {_VISIT}, xmax = 0 AS new""",  # noqa: S608
                [visit.id, visit.share_id, visit.visitor, fingerprint, visit.password_version],
            ).fetchone()
        new = row.pop("new")
        return Visit(**row), new

    def hold(self, share: Share, visit: str, media: str) -> Hold:
        with self._database.transaction() as connection:
            return _hold(connection, share, visit, media)

    def claim(self, share: Share, visit: str, media: str, request: str, of_key: bool, lease: timedelta, judge) -> None:
        """Note that `visit` fetches `media`, if `judge(hold)` raises nothing. Claims of one share take turns."""
        with self._database.transaction() as connection:
            connection.execute("SELECT FROM shares WHERE id = %s FOR UPDATE", [share.id])
            judge(_hold(connection, share, visit, media))
            connection.execute(
                """INSERT INTO share_deliveries (request, visit_id, media_id, of_key, held_until)
                   VALUES (%s, %s, %s, %s, now() + %s) ON CONFLICT DO NOTHING""",
                [request, visit, media, of_key, lease],
            )

    def use(self, visit: str) -> None:
        """It counts, for good."""
        self._database.run("UPDATE share_visits SET used_at = now() WHERE id = %s AND used_at IS NULL", [visit])

    def settle(self) -> int:
        """What counts by its coverage counts for good, also when that is forgotten; return how many visits."""
        return self._database.run(
            """UPDATE share_visits v SET used_at = c.at FROM (
                   SELECT ticket, min(completed_at) AS at FROM coverage WHERE completed_at IS NOT NULL GROUP BY ticket
               ) c
               WHERE c.ticket = v.id AND v.used_at IS NULL"""
        )

    def forget_before(self, moment: datetime) -> int:
        """Remove deliveries that nobody waits for any more; return how many."""
        return self._database.run("DELETE FROM share_deliveries WHERE held_until < %s", [moment])


def _hold(connection: psycopg.Connection, share: Share, visit: str, media: str) -> Hold:
    parameters = {"share": share.id, "visit": visit, "media": media}
    row = connection.execute(_HOLD, parameters).fetchone()
    return Hold(limit=share.max_uses, **row)

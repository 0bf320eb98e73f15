"""One's own history: what one has watched and downloaded, until one clears it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from control.storage.sql.lately import USERS, hold
from control.storage.sql.pool import Database

LATE = timedelta(days=2)  # so long a line of a log may wait before it is read
_SLICE = timedelta(days=1)

# Where a page ended: when, and the media.
Position = tuple[datetime, str]


class HistoryStore:
    def __init__(self, database: Database):
        self._database = database

    def page(self, user: str, visible: list[str], limit: int, after: Position | None = None) -> list[dict]:
        """The newest first. What one may not see (any more) has no name: `visible` are the visibilities
        of what is not their own."""
        return self._database.all(
            """SELECT h.media_id::text, m.name, m.kind AS type, h.first_at, h.last_at, h.views, h.watched_ms,
                   h.downloads
               FROM history h LEFT JOIN media m ON m.id = h.media_id AND m.deleted_at IS NULL AND m.trashed_at IS NULL
                   AND (m.visibility = ANY(%(visible)s) OR m.owner_id = h.user_id)
               WHERE h.user_id = %(user)s AND (h.views > 0 OR h.watched_ms > 0 OR h.downloads > 0)
                 AND (%(at)s::timestamptz IS NULL OR (h.last_at, h.media_id) < (%(at)s, %(media)s::uuid))
               ORDER BY h.last_at DESC, h.media_id DESC LIMIT %(limit)s""",
            {"user": user, "limit": limit, "visible": visible, "at": after and after[0],
             "media": after and after[1]},
        )  # fmt: skip

    def clear(self, user: str, media: str | None) -> int:
        """Take a user's name from what was watched: at once here, from receipts by the processor; return how many."""
        with self._database.transaction() as connection:
            # Whoever is counting or writing positions has done so before they go; whoever comes next finds the mark.
            hold(connection, USERS)
            connection.execute("LOCK TABLE positions IN SHARE ROW EXCLUSIVE MODE")
            connection.execute("INSERT INTO history_cleared (user_id, media_id) VALUES (%s, %s)", [user, media])
            if media is None:
                for table in (USERS.of.table, USERS.table, USERS.weeks):
                    connection.execute(f"DELETE FROM {table} WHERE user_id = %s", [user])  # noqa: S608
            gone = connection.execute(
                "DELETE FROM history WHERE user_id = %(user)s AND (%(media)s::uuid IS NULL OR media_id = %(media)s)",
                {"user": user, "media": media},
            ).rowcount
            connection.execute(
                "DELETE FROM positions WHERE user_id = %(user)s AND (%(media)s::uuid IS NULL OR media_id = %(media)s)",
                {"user": user, "media": media},
            )
            connection.execute(
                """UPDATE viewings SET user_id = NULL
                   WHERE user_id = %(user)s AND (%(media)s::uuid IS NULL OR media_id = %(media)s)""",
                {"user": user, "media": media},
            )
        return gone

    def scrub(self) -> int:
        """Take the names from the receipts of what has been cleared; return how many receipts have lost one.

        A day at a time: receipts are many, and a statement must not take long.
        """
        removed = 0
        for mark in self._database.all(
            """SELECT id, user_id, media_id, at FROM history_cleared
               WHERE scrubbed_at IS NULL OR at < now() - %s ORDER BY id""", [LATE]
        ):  # fmt: skip
            removed += sum(self._scrub(mark, day) for day in self._days(mark["at"]))
            self._database.run("UPDATE history_cleared SET scrubbed_at = now() WHERE id = %s", [mark["id"]])
            # By then what was late has been read, and was looked at just now.
            self._database.run("DELETE FROM history_cleared WHERE id = %s AND at < now() - %s", [mark["id"], LATE])
        return removed

    def _days(self, until: datetime) -> list[datetime]:
        first = self._database.one("SELECT min(at) AS at FROM receipts")["at"]
        if first is None:
            return []
        start = first.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return [start + _SLICE * number for number in range((until - start) // _SLICE + 1)]

    def _scrub(self, mark: dict, day: datetime) -> int:
        return self._database.run(
            """UPDATE receipts SET user_id = NULL, grant_id = NULL, address = NULL, agent = ''
               WHERE at >= %(day)s AND at < %(end)s AND at <= %(at)s AND user_id = %(user_id)s
                 AND (%(media_id)s::uuid IS NULL OR media_id = %(media_id)s)""",
            mark | {"day": day, "end": day + _SLICE},
        )

"""What the pages and the API of insight ask: sums alone, never a receipt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from control.domain.insight import HOURS_KEPT, Span
from control.storage.sql.pool import Database

_SPAN = "grain = %(grain)s AND at >= %(start)s AND at < %(end)s"
# Whose media one hears of: administrators of all, others not of what is private to somebody else.
_VISIBLE = """m.deleted_at IS NULL AND m.trashed_at IS NULL
    AND (%(everything)s OR m.visibility <> 'private' OR m.owner_id = %(viewer)s)"""
_PLAYED = "views <> 0 OR watched_ms <> 0 OR downloads <> 0"
_ADD_SEARCHES = """
    INSERT INTO insight_searches AS known (day, term, searches, hits, without)
    SELECT * FROM unnest(%s::timestamptz[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[]) ORDER BY 1, 2
    ON CONFLICT (day, term) DO UPDATE SET searches = known.searches + excluded.searches,
        hits = known.hits + excluded.hits, without = known.without + excluded.without"""
_LOOK = """
    INSERT INTO insight_storage AS known (day, kind, state, items, bytes)
    SELECT date_trunc('day', now(), 'UTC'), kind, state, count(*), coalesce(sum(size_bytes), 0) FROM media
    WHERE deleted_at IS NULL GROUP BY kind, state
    ON CONFLICT (day, kind, state) DO UPDATE SET items = excluded.items, bytes = excluded.bytes, looked_at = now()"""


class InsightStore:
    def __init__(self, database: Database):
        self._database = database

    # --- read -----------------------------------------------------------------------------------------

    def popular(self, span: Span, kind: str | None, everything: bool, viewer: str | None, limit: int) -> list[dict]:
        """What was viewed most, then watched longest, then downloaded most.

        All are ranked by little (sums of int are far cheaper than those of bigint), the rest is added up of the best.
        """
        return self._database.all(
            f"""SELECT best.id::text, name, type, played.* FROM (
                    SELECT m.id, m.name, m.kind AS type FROM (
                        SELECT media_id, sum(views::int) AS views, sum((watched_ms / 1000)::int) AS watched,
                            sum(downloads::int) AS downloads
                        FROM insight_media WHERE {_SPAN} AND ({_PLAYED}) GROUP BY media_id) ranked
                    JOIN media m ON m.id = ranked.media_id
                    WHERE {_VISIBLE} AND (%(kind)s::text IS NULL OR m.kind = %(kind)s)
                    ORDER BY views DESC, watched DESC, downloads DESC, ranked.media_id LIMIT %(limit)s) best
                CROSS JOIN LATERAL (
                    SELECT sum(viewers)::bigint AS viewers, sum(views)::bigint AS views,
                        sum(portable)::bigint AS portable, sum(shared)::bigint AS shared, sum(linked)::bigint AS linked,
                        sum(watched_ms)::bigint AS watched_ms, sum(downloads)::bigint AS downloads,
                        sum(bytes)::bigint AS bytes
                    FROM insight_media WHERE media_id = best.id AND {_SPAN} AND ({_PLAYED})) played
                ORDER BY views DESC, watched_ms / 1000 DESC, downloads DESC, best.id""",  # noqa: S608
            _of(span) | {"kind": kind, "everything": everything, "viewer": viewer, "limit": limit},
        )

    def watching(self, span: Span) -> list[dict]:
        return self._database.all(
            f"SELECT at, active, watched_ms, sittings FROM insight_watching WHERE {_SPAN} ORDER BY at",  # noqa: S608
            _of(span),
        )

    def active_users(self, span: Span) -> int:
        """Different ones, of those who have not cleared their history."""
        asked = f"SELECT count(DISTINCT user_id) AS n FROM insight_users WHERE {_SPAN}"  # noqa: S608
        return self._database.one(asked, _of(span))["n"]

    def lengths(self, span: Span) -> dict[int, int]:
        """How many sittings there were, by class of length."""
        rows = self._database.all(
            f"SELECT length, sum(sittings)::bigint AS n FROM insight_lengths WHERE {_SPAN} GROUP BY length",  # noqa: S608
            _of(span),
        )
        return {row["length"]: row["n"] for row in rows}

    def most_active(self, span: Span, limit: int) -> list[dict]:
        return self._database.all(
            f"""SELECT u.id::text, u.username, sums.* FROM (
                    SELECT user_id, sum(watched_ms)::bigint AS watched_ms, sum(sittings)::bigint AS sittings,
                        sum(views)::bigint AS views, sum(downloads)::bigint AS downloads
                    FROM insight_users WHERE {_SPAN} GROUP BY user_id
                    ORDER BY 2 DESC, 4 DESC, 1 LIMIT %(limit)s) sums
                JOIN users u ON u.id = sums.user_id ORDER BY watched_ms DESC, views DESC, u.id""",  # noqa: S608
            _of(span) | {"limit": limit},
        )

    def heat(self, media: str) -> dict[str, dict[int, int]]:
        """unit -> part -> how often."""
        asked = "SELECT unit, part, times FROM insight_heat WHERE media_id = %s ORDER BY part"
        rows = self._database.all(asked, [media])
        return {unit: {row["part"]: row["times"] for row in rows if row["unit"] == unit} for unit in ("s", "b")}

    def of_media(self, media: str) -> dict:
        """All that there is to say of one, over all the days that are kept."""
        return self._database.one(
            """SELECT coalesce(sum(viewers), 0)::bigint AS viewers, coalesce(sum(views), 0)::bigint AS views,
                   coalesce(sum(portable), 0)::bigint AS portable, coalesce(sum(shared), 0)::bigint AS shared,
                   coalesce(sum(linked), 0)::bigint AS linked, coalesce(sum(watched_ms), 0)::bigint AS watched_ms,
                   coalesce(sum(downloads), 0)::bigint AS downloads, coalesce(sum(bytes), 0)::bigint AS bytes
               FROM insight_media WHERE media_id = %s AND grain = 'd'""",
            [media],
        )

    def deliveries(self, span: Span) -> list[dict]:
        return self._database.all(
            f"SELECT at, kind, deliveries, bytes FROM insight_deliveries WHERE {_SPAN} ORDER BY at, kind",  # noqa: S608
            _of(span),
        )

    def errors(self, span: Span) -> list[dict]:
        return self._database.all(
            f"SELECT at, kind, status, errors FROM insight_errors WHERE {_SPAN} ORDER BY at, kind, status",  # noqa: S608
            _of(span),
        )

    def searches(self, span: Span, without_hits: bool, limit: int) -> list[dict]:
        """The most frequent terms; only those that found nothing at least once, where that is asked."""
        return self._database.all(
            """SELECT term, sum(searches)::bigint AS searches, sum(without)::bigint AS without,
                   (sum(hits) / sum(searches))::bigint AS hits, max(day) AS last
               FROM insight_searches WHERE day >= %(start)s AND day < %(end)s AND (NOT %(only)s OR without > 0)
               GROUP BY term ORDER BY CASE WHEN %(only)s THEN sum(without) ELSE sum(searches) END DESC, term
               LIMIT %(limit)s""",
            _of(span) | {"only": without_hits, "limit": limit},
        )

    def storage(self) -> list[dict]:
        """The last look: by kind and state."""
        return self._database.all(
            """SELECT kind AS type, state, items, bytes, looked_at FROM insight_storage
               WHERE day = (SELECT max(day) FROM insight_storage) ORDER BY kind, state"""
        )

    def owners(self, limit: int) -> list[dict]:
        """Whose most of it is, at the last look."""
        return self._database.all(
            """SELECT u.username, o.items, o.bytes FROM insight_owners o LEFT JOIN users u ON u.id = o.owner_id
               ORDER BY o.bytes DESC, o.items DESC LIMIT %s""",
            [limit],
        )

    def growth(self, span: Span) -> list[dict]:
        return self._database.all(
            """SELECT day AS at, sum(items)::bigint AS items, sum(bytes)::bigint AS bytes FROM insight_storage
               WHERE day >= %(start)s AND day < %(end)s GROUP BY day ORDER BY day""",
            _of(span),
        )

    # --- written --------------------------------------------------------------------------------------

    def add_searches(self, searches: Iterable[tuple[datetime, str, int, int, int]]) -> None:
        """(day, term, how often, hits, how often without)."""
        self._database.run(_ADD_SEARCHES, [list(column) for column in zip(*searches, strict=True)])

    def look(self) -> None:
        """Note what the library holds now."""
        with self._database.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('sluice storage'))")
            connection.execute("DELETE FROM insight_storage WHERE day = date_trunc('day', now(), 'UTC')")
            connection.execute(_LOOK)
            connection.execute("DELETE FROM insight_owners")
            connection.execute(
                """INSERT INTO insight_owners SELECT owner_id, count(*), coalesce(sum(size_bytes), 0) FROM media
                   WHERE deleted_at IS NULL GROUP BY owner_id"""
            )

    def forget_before(self, moment: datetime) -> int:
        """Remove the sums of before, the hours of some days ago, and viewings that have ended; return how many."""
        now, removed = datetime.now(UTC), 0
        with self._database.transaction() as connection:
            for table in ("deliveries", "errors", "media", "users", "watching", "lengths"):
                for grain, until in (("h", now - HOURS_KEPT), ("d", moment)):
                    asked = f"DELETE FROM insight_{table} WHERE grain = %s AND at < %s"  # noqa: S608
                    removed += connection.execute(asked, [grain, until]).rowcount
            for table in ("searches", "storage"):
                asked = f"DELETE FROM insight_{table} WHERE day < %s"  # noqa: S608
                removed += connection.execute(asked, [moment]).rowcount
            ended = int((now - timedelta(days=2)).timestamp())
            connection.execute("DELETE FROM viewings WHERE seen_at < %s", [ended])
        return removed


def _of(span: Span) -> dict:
    return {"grain": span.grain, "start": span.start, "end": span.end}

"""What the pages and the API of insight ask: sums alone, never a receipt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from control.domain.insight import HOURS_KEPT, Span
from control.storage.sql import lately
from control.storage.sql.lately import MEDIA, USERS
from control.storage.sql.pool import Database
from control.storage.sql.rankings import IN_SPAN, Ranking, of_span

# Whose media one hears of: administrators of all, others not of what is private to somebody else.
_POPULAR = Ranking(
    MEDIA, "m.id::text AS id, m.name, m.kind AS type", "JOIN media m ON m.id = sums.media_id",
    """m.deleted_at IS NULL AND m.trashed_at IS NULL AND (%(kind)s::text IS NULL OR m.kind = %(kind)s)
        AND (%(everything)s OR m.visibility <> 'private' OR m.owner_id = %(viewer)s)""",
)  # fmt: skip
_MOST_ACTIVE = Ranking(USERS, "u.id::text AS id, u.username", "JOIN users u ON u.id = sums.user_id")
_ACTIVE_LATELY = """
    SELECT count(user_id) AS n FROM insight_spans spans LEFT JOIN insight_users_lately USING (span)
    WHERE subject = 'users' AND grain = %(grain)s AND start = %(start)s AND stop = %(end)s GROUP BY span"""
# Each user is asked for, not each user's every day.
_ACTIVE = f"""
    SELECT count(*) AS n FROM users CROSS JOIN LATERAL (
        SELECT FROM insight_users WHERE user_id = users.id AND {IN_SPAN} LIMIT 1) active"""  # noqa: S608
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
        """What was viewed most, then watched longest, then downloaded most."""
        asked = {"kind": kind, "everything": everything, "viewer": viewer}
        best = _POPULAR.best(self._database, span, limit, narrowed=kind is not None, **asked)
        rows = self._database.all(
            f"""SELECT media_id::text, {", ".join(f"sum({name})::bigint AS {name}" for name in MEDIA.of.sums)}
                FROM insight_media WHERE media_id = ANY(%(ids)s::uuid[]) AND {IN_SPAN} AND {MEDIA.counts}
                GROUP BY media_id""",  # noqa: S608
            of_span(span) | {"ids": [row["id"] for row in best]},
        )
        played = {row.pop("media_id"): row for row in rows}
        return [row | played.get(row["id"], {}) for row in best]

    def watching(self, span: Span) -> list[dict]:
        return self._database.all(
            f"SELECT at, active, watched_ms, sittings FROM insight_watching WHERE {IN_SPAN} ORDER BY at",  # noqa: S608
            of_span(span),
        )

    def active_users(self, span: Span) -> int:
        """Different ones, of those who have not cleared their history."""
        parameters = of_span(span)
        if kept := self._database.one(_ACTIVE_LATELY, parameters):
            return kept["n"]
        return self._database.one(_ACTIVE, parameters)["n"]

    def lengths(self, span: Span) -> dict[int, int]:
        """How many sittings there were, by class of length."""
        rows = self._database.all(
            f"SELECT length, sum(sittings)::bigint AS n FROM insight_lengths WHERE {IN_SPAN} GROUP BY length",  # noqa: S608
            of_span(span),
        )
        return {row["length"]: row["n"] for row in rows}

    def most_active(self, span: Span, limit: int) -> list[dict]:
        """Who has watched longest, then most."""
        return _MOST_ACTIVE.best(self._database, span, limit)

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
            f"SELECT at, kind, deliveries, bytes FROM insight_deliveries WHERE {IN_SPAN} ORDER BY at, kind",  # noqa: S608
            of_span(span),
        )

    def errors(self, span: Span) -> list[dict]:
        return self._database.all(
            f"SELECT at, kind, status, errors FROM insight_errors WHERE {IN_SPAN} ORDER BY at, kind, status",  # noqa: S608
            of_span(span),
        )

    def searches(self, span: Span, without_hits: bool, limit: int) -> list[dict]:
        """The most frequent terms; only those that found nothing at least once, where that is asked."""
        return self._database.all(
            """SELECT term, sum(searches)::bigint AS searches, sum(without)::bigint AS without,
                   (sum(hits) / sum(searches))::bigint AS hits, max(day) AS last
               FROM insight_searches WHERE day >= %(start)s AND day < %(end)s AND (NOT %(only)s OR without > 0)
               GROUP BY term ORDER BY CASE WHEN %(only)s THEN sum(without) ELSE sum(searches) END DESC, term
               LIMIT %(limit)s""",
            of_span(span) | {"only": without_hits, "limit": limit},
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
            of_span(span),
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
            for running in (MEDIA, USERS):
                lately.forget(connection, running, {"h": now - HOURS_KEPT, "d": moment})
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

"""Position rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from control.domain.media import Media
from control.domain.positions import BEGUN_SECONDS, Position
from control.storage.sql.library_filters import Filters, condition_of
from control.storage.sql.media import COLUMNS, media_of
from control.storage.sql.pool import Database, rows_at_fault

Key = tuple[str, str]  # user, media

_WRITE = """
    INSERT INTO positions (user_id, media_id, seconds, duration, finished, updated_at)
    SELECT u.id, m.id, n.seconds, n.duration, n.finished, n.updated_at
    FROM unnest(%s::uuid[], %s::uuid[], %s::float8[], %s::float8[], %s::bool[], %s::timestamptz[])
        AS n(user_id, media_id, seconds, duration, finished, updated_at)
        JOIN users u ON u.id = n.user_id JOIN media m ON m.id = n.media_id
    WHERE NOT EXISTS (SELECT FROM history_cleared c WHERE c.user_id = n.user_id
        AND (c.media_id IS NULL OR c.media_id = n.media_id) AND c.at >= n.updated_at)
    ORDER BY u.id, m.id FOR KEY SHARE OF u, m
    ON CONFLICT (user_id, media_id) DO UPDATE SET seconds = excluded.seconds,
        duration = excluded.duration, finished = excluded.finished, updated_at = excluded.updated_at
    WHERE positions.updated_at <= excluded.updated_at"""


class PositionStore:
    def __init__(self, database: Database):
        self._database = database

    def find(self, user: str, media: Sequence[str]) -> dict[str, Position]:
        """Media id -> how far `user` is with it, of those that were ever begun."""
        rows = self._database.all(
            """SELECT media_id::text, seconds, duration, finished, updated_at FROM positions
               WHERE user_id = %s AND media_id = ANY(%s::uuid[])""",
            [user, list(media)],
        )
        return {row.pop("media_id"): Position(**row) for row in rows}

    def write(self, positions: Mapping[Key, Position]) -> None:
        """Many at once; what was written later stays. Users and media that are gone are passed over, and so is what
        was cleared since.

        In the order of the key, as all writers do: nobody waits for each other in a circle. Raises Unwritable.
        """
        rows = [
            (*key, place.seconds, place.duration, place.finished, place.updated_at) for key, place in positions.items()
        ]
        with rows_at_fault():
            self._database.run(_WRITE, [list(column) for column in zip(*rows, strict=True)])

    def forget(self, user: str, media: str) -> None:
        self._database.run("DELETE FROM positions WHERE user_id = %s AND media_id = %s", [user, media])

    def begun(self, user: str, filters: Filters, limit: int) -> list[tuple[Media, Position]]:
        """What `user` has begun, not finished and may still see (`filters`), the last one first."""
        condition, parameters = condition_of(filters)
        rows = self._database.all(
            f"""SELECT {COLUMNS}, p_seconds, p_duration, p_updated_at FROM (
                    SELECT media_id, seconds AS p_seconds, duration AS p_duration, updated_at AS p_updated_at
                    FROM positions WHERE user_id = %(user)s AND NOT finished AND seconds >= {BEGUN_SECONDS}
                ) begun JOIN media ON id = media_id
                WHERE {condition} AND state IN ('playable', 'completed')
                ORDER BY p_updated_at DESC LIMIT %(limit)s""",  # noqa: S608
            parameters | {"user": user, "limit": limit},
        )
        places = [Position(row.pop("p_seconds"), row.pop("p_duration"), False, row.pop("p_updated_at")) for row in rows]
        return list(zip(map(media_of, rows), places, strict=True))

"""Changes of several media rows in one statement each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from control.storage.sql.media import ALIVE
from control.storage.sql.pool import Database


class BatchStore:
    """`changed` is called with the id of every media that a decision or a page could see differently now.

    Every method returns the ids of those that there were.
    """

    def __init__(self, database: Database, changed: Callable[[str], None] = lambda media: None):
        self._database, self._changed = database, changed

    def tag(self, media: Sequence[str], add: Sequence[str], remove: Sequence[str]) -> list[str]:
        """Take tags off, then put others behind those that are left."""
        return self._update(
            f"""UPDATE media SET revision = revision + 1, updated_at = now(), tags = ARRAY(
                    SELECT tag FROM (
                        SELECT tag, n FROM unnest(tags) WITH ORDINALITY had (tag, n) WHERE tag <> ALL(%s::text[])
                        UNION ALL SELECT tag, 1000 + n FROM unnest(%s::text[]) WITH ORDINALITY new (tag, n)) every
                    GROUP BY tag ORDER BY min(n))
                WHERE id = ANY(%s::uuid[]) AND {ALIVE} RETURNING id::text""",  # noqa: S608
            [list(remove), list(add), list(media)],
        )

    def show_to(self, media: Sequence[str], visibility: str) -> list[str]:
        """Who may see them."""
        return self._update(
            f"""UPDATE media SET visibility = %s, updated_at = now()
                WHERE id = ANY(%s::uuid[]) AND {ALIVE} RETURNING id::text""",  # noqa: S608
            [visibility, list(media)],
        )

    def _update(self, query: str, parameters: list) -> list[str]:
        rows = self._database.all(query, parameters)
        for row in rows:
            self._changed(row["id"])
        return [row["id"] for row in rows]

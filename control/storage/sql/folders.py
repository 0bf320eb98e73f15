"""Folders of the library: read off the index of what lies in them, one step from each to the next."""

from __future__ import annotations

from control.domain.folders import Folder, path_of, shelf_of
from control.storage.sql.library_filters import Filters, audiences, bounds
from control.storage.sql.media import ALIVE
from control.storage.sql.pool import Database

COUNTED = 100  # a folder with more says "more than that"
LISTED = 200


class FolderStore:
    def __init__(self, database: Database):
        self._database = database

    def within(self, filters: Filters) -> list[Folder]:
        """The folders right below `filters.folder` in which there is something to see, by name."""
        shelf = shelf_of(filters.folder or "")
        parameters = {
            "viewer_id": filters.viewer_id, "limit": LISTED, "counted": COUNTED, "skip": len(shelf), **bounds(shelf),
        }  # fmt: skip
        shelves = " UNION ".join(f"({_children(audience)})" for audience in audiences(filters))
        counts = " + ".join(_count(audience) for audience in audiences(filters))
        rows = self._database.all(
            f"""SELECT child, {counts} AS items FROM (
                    SELECT child FROM ({shelves}) every ORDER BY child LIMIT %(limit)s) children ORDER BY child""",  # noqa: S608
            parameters,
        )
        return [Folder(path_of(row["child"]), min(row["items"], COUNTED), row["items"] > COUNTED) for row in rows]


# The first component of a shelf below the one that is looked into, with what comes before it.
_CHILD = "substring(shelf FOR %(skip)s + position('/'::bytea IN substring(shelf FROM %(skip)s + 1)))"
# Where a child ends: "0" follows "/".
_END = "(substring({child} FOR octet_length({child}) - 1) || '0'::bytea)"


def _children(audience: str) -> str:
    """Each step is one look into an index: the first shelf that does not begin as the last one found."""
    first = f"SELECT {_CHILD} FROM media WHERE {audience} AND {ALIVE} AND shelf < %(shelf_end)s"  # noqa: S608
    following = f"{first} AND shelf >= {_END.format(child='steps.child')} ORDER BY shelf LIMIT 1"
    return f"""WITH RECURSIVE steps(child, number) AS (
            (SELECT *, 1 FROM ({first} AND shelf > %(shelf)s ORDER BY shelf LIMIT 1) first)
            UNION ALL
            SELECT ({following}), number + 1 FROM steps WHERE child IS NOT NULL AND number <= %(limit)s
        ) SELECT child FROM steps WHERE child IS NOT NULL"""  # noqa: S608


def _count(audience: str) -> str:
    end = _END.format(child="child")
    return f"""(SELECT count(*) FROM (SELECT FROM media
        WHERE {audience} AND {ALIVE} AND shelf >= child AND shelf < {end} LIMIT %(counted)s + 1) counted)"""  # noqa: S608

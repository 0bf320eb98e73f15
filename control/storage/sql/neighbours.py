"""What lies beside a media: the ones before and after it, in a view of the library or where it is kept."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Any

from control.domain.media import Media
from control.storage.sql.library_filters import Filters, condition_of, order_of, sorted_scans, where
from control.storage.sql.media import COLUMNS, media_of
from control.storage.sql.pool import Database

# A song's place on its album; a byte order, so that every number has its four digits.
_ON_THE_ALBUM = """(lpad(split_part(coalesce(facts #>> '{tags,disc}', '1'), '/', 1), 4, '0') || ' '
    || lpad(split_part(coalesce(facts #>> '{tags,track}', ''), '/', 1), 4, '0') || ' ' || lower(name)) COLLATE "C\""""


@dataclass(frozen=True, slots=True)
class _Shelf:
    """Where a media is kept: a condition, its parameters, and what the media there are sorted by."""

    condition: str
    parameters: dict[str, Any]
    key: str = "lower(name) COLLATE natural_order"  # "film 2" before "film 10"


class NeighbourStore:
    def __init__(self, database: Database):
        self._database = database

    def around(
        self, media: Media, filters: Filters, limit: int, beside: bool = False
    ) -> tuple[list[Media], list[Media]]:  # fmt: skip
        """Up to `limit` viewable media before and after `media`, the nearest first.

        In the order of `filters`; or, with `beside`, those of its album or folder, which are the same kind's.
        """
        if beside:
            filters = replace(filters, kind=media.kind, sort="name", descending=False)
        shelf = shelf_of(media) if beside else _Shelf("true", {}, order_of(filters)[0])
        condition, parameters = condition_of(filters) if beside else where(filters)
        scans = [shelf.condition] if beside else sorted_scans(filters)
        rows = self._database.all(
            _query([f"{condition} AND {scan}" for scan in scans], shelf.key, filters.descending),
            parameters | shelf.parameters | {"of": media.id, "limit": limit},
        )
        before, after = [], []
        for row in rows:
            del row["at"]
            (after if row.pop("ahead") else before).append(media_of(row))
        return before, after


def shelf_of(media: Media) -> _Shelf:
    """Its album, its mount's directory, or its folder. `words` has the album in it, and an index."""
    tags = media.facts.get("tags") or {}
    if media.kind == "audio" and tags.get("album"):
        condition = """words LIKE lower(%(like)s) AND facts #>> '{tags,album}' = %(album)s
            AND facts #>> '{tags,album_artist}' IS NOT DISTINCT FROM %(album_artist)s"""
        album = tags["album"]
        return _Shelf(
            condition, {"album": album, "like": _like(album), "album_artist": tags.get("album_artist")}, _ON_THE_ALBUM
        )
    if media.mount is not None:
        directory = os.fsencode(os.path.dirname(media.path))
        prefix = directory and directory + b"/"
        return _Shelf(
            """mount = %(mount)s AND path >= %(prefix)s AND substring(path for %(length)s::int) = %(prefix)s
               AND position('\\x2f'::bytea in substring(path from %(length)s::int + 1)) = 0""",
            {"mount": media.mount, "prefix": prefix, "length": len(prefix)},
        )
    return _Shelf("mount IS NULL AND folder = %(folder)s", {"folder": media.folder})


def _like(text: str) -> str:
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _query(scans: list[str], key: str, descending: bool) -> str:
    """Both directions from where the media stands: a range of each scan's index, however long the list is."""
    onwards, back = ("<", ">") if descending else (">", "<")
    return f"""
        WITH here AS MATERIALIZED (SELECT {key} AS at, id AS at_id FROM media WHERE id = %(of)s)
        ({_way("true", scans, key, onwards)}) UNION ALL ({_way("false", scans, key, back)})"""  # noqa: S608


def _way(ahead: str, scans: list[str], key: str, further: str) -> str:
    direction = "ASC" if further == ">" else "DESC"
    nearest = " UNION ALL ".join(
        f"""(SELECT {COLUMNS}, {key} AS at FROM media WHERE {scan} AND state IN ('playable', 'completed')
                AND ({key}, id) {further} (here.at, here.at_id)
            ORDER BY {key} {direction}, media.id {direction} LIMIT %(limit)s)"""  # noqa: S608
        for scan in scans
    )
    return f"""SELECT {ahead} AS ahead, found.* FROM here CROSS JOIN LATERAL (
        SELECT * FROM ({nearest}) nearest ORDER BY at {direction}, id {direction} LIMIT %(limit)s) found"""  # noqa: S608

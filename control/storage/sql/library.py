"""The library's pages: search, filters, order; everything that a list of media can be asked for.

Each list is put together of scans (library_filters.scans), each in the order of an index and no longer than the page.
What cannot be bounded so is cut off, and says so: totals at COUNTED, a search by relevance at CANDIDATES, tags at
SAMPLE.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from psycopg import DataError

from control.domain.media import Media
from control.errors import BadRequest
from control.storage.sql.library_filters import (
    Filters,
    forgivable,
    order_of,
    scans,
    sorted_scans,
    visible,
    where,
)
from control.storage.sql.media import ALIVE, COLUMNS, media_of
from control.storage.sql.pool import Database

COUNTED = 1000  # a total above it is "more than that"
CANDIDATES = 300  # the newest matches of a search; the best of them come first. Of a tag: what is counted
TAGGED = 100  # of a tag among one kind: each of them is sought among more that are not
SAMPLE = 2000  # the newest media that tags are counted in
_SORTED = 10_000  # media of a folder are sorted as they are; more of them are walked to in order
_FEW = 8  # with fewer matches than that a word may have been misspelt
_NOBODY = "00000000-0000-0000-0000-000000000000"
_CORRECTIONS = 6  # words that a misspelt one may stand for

# A word that is everywhere is met soon in this order, by an index; without one the planner would read the table.
_NEWEST = "ORDER BY created_at DESC, id DESC"

# Where a page ended: the sort key of its last item, as text, and its id.
Position = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of media, where the next one goes on (None: there is none), and how many there are altogether."""

    items: list[Media]
    end: Position | None
    total: int
    capped: bool = False  # there are more than `total`


class LibraryStore:
    def __init__(self, database: Database):
        self._database = database

    def page(self, filters: Filters, limit: int, offset: int = 0, after: Position | None = None) -> Found:
        """Up to `limit` media; they begin at `offset`, or `after` an earlier end. Raises BadRequest for a bad end."""
        filters = self._named(filters)
        try:
            if filters.sort == "relevance":
                return self._best(filters, limit, offset, after)
            return self._sorted(filters, limit, offset, after)
        except DataError:  # a cursor of somebody's own making
            raise BadRequest("cursor: it must be the next_cursor of an earlier answer.") from None

    def _sorted(self, filters: Filters, limit: int, offset: int, after: Position | None) -> Found:
        corrected = self._corrected(filters)
        counts, most = self._counts(filters, corrected)
        key, kind = order_of(filters)
        direction, further = ("DESC", "<") if filters.descending else ("ASC", ">")
        condition, parameters = where(filters, corrected)
        begun = f" AND ({key}, id) {further} (%(key)s::{kind}, %(id)s::uuid)" if after else ""
        parameters |= {"limit": limit, "offset": offset, "reach": offset + limit + 1}
        parameters |= {"key": after[0], "id": after[1]} if after else {}
        order = f"ORDER BY key {direction}, id {direction}"
        every = _put_together(filters, counts, most, key, condition + begun, f"{order} LIMIT %(reach)s")
        rows = self._database.all(
            f"""SELECT {COLUMNS}, found.key::text AS position FROM (
                    SELECT id, key FROM ({every}) every {order} LIMIT %(limit)s + 1 OFFSET %(offset)s
                ) found JOIN media USING (id) ORDER BY found.key {direction}, found.id {direction}""",  # noqa: S608
            parameters,
        )
        positions = [(row.pop("position"), row["id"]) for row in rows]
        end = positions[limit - 1] if len(rows) > limit else None
        total, most = sum(counts.values()), min(most, TAGGED if filters.tag and filters.kind else COUNTED)
        return Found([media_of(row) for row in rows[:limit]], end, min(total, most), total > most)

    def _counts(self, filters: Filters, corrected: dict[str, list[str]]) -> tuple[dict[str, int], int]:
        """How many each scan has, and what is counted to: one with more has one more."""
        condition, parameters = where(filters, corrected)
        sought = filters.query or filters.tag
        most = _counted(filters)
        ending = f"{_NEWEST if sought else ''} LIMIT {most + 1}"
        each = [
            f"(SELECT count(*) FROM (SELECT FROM media WHERE {scan} AND {condition} {ending}) s) AS n{number}"  # noqa: S608
            for number, scan in enumerate(scans(filters))
        ]
        row = self._database.one(f"SELECT {', '.join(each)}", parameters) or {}
        return dict(zip(scans(filters), row.values(), strict=True)), most

    def _named(self, filters: Filters) -> Filters:
        """With the id of the user that was named: the planner then knows how many media that one has."""
        if filters.uploader is None:
            return filters
        user = self._database.one("SELECT id::text FROM users WHERE lower(username) = lower(%s)", [filters.uploader])
        return replace(filters, uploader=None, owner=user["id"] if user else _NOBODY)

    # --- search -----------------------------------------------------------------------------------

    def _best(self, filters: Filters, limit: int, offset: int, after: Position | None) -> Found:
        ranked = self._candidates(filters)
        total, capped = min(len(ranked), CANDIDATES), len(ranked) > CANDIDATES
        ranked = sorted(ranked[:CANDIDATES], key=_rank, reverse=filters.descending)
        if after is not None:
            here = (_number(after[0]), after[1])
            ranked = [row for row in ranked if (_rank(row) < here if filters.descending else _rank(row) > here)]
        shown = ranked[offset : offset + limit]
        end = (repr(shown[-1]["rank"]), shown[-1]["id"]) if len(ranked) > offset + limit else None
        return Found(self._in_order([row["id"] for row in shown]), end, total, capped)

    def _candidates(self, filters: Filters) -> list[dict]:
        """Ids and ranks of the newest matches."""
        condition, parameters = where(filters, self._corrected(filters))
        newest = f"{_NEWEST} LIMIT %(limit)s"
        rank, _ = order_of(filters)
        found = " UNION ALL ".join(
            f"(SELECT id, created_at, words FROM media WHERE {scan} AND {condition} {newest})"  # noqa: S608
            for scan in scans(filters)
        )
        return self._database.all(
            f"""SELECT id::text, {rank} AS rank FROM (SELECT * FROM ({found}) found {newest}) newest""",  # noqa: S608
            parameters | {"limit": CANDIDATES + 1},
        )

    def _in_order(self, ids: list[str]) -> list[Media]:
        rows = self._database.all(f"SELECT {COLUMNS} FROM media WHERE id = ANY(%s::uuid[])", [ids])  # noqa: S608
        found = {row["id"]: media_of(row) for row in rows}
        return [found[media_id] for media_id in ids if media_id in found]

    def _corrected(self, filters: Filters) -> dict[str, list[str]]:
        """What misspelt words of the query may stand for; nothing while the words themselves are found often enough.

        More are counted than that takes: for very few the planner would walk, and what is rare is met late.
        """
        if not forgivable(filters):
            return {}
        condition, parameters = where(filters)
        few = " UNION ALL ".join(
            f"(SELECT FROM media WHERE {scan} AND {condition} {_NEWEST} LIMIT %(few)s)"  # noqa: S608
            for scan in scans(filters)
        )
        found = self._database.one(f"SELECT count(*) AS n FROM ({few}) few", parameters | {"few": CANDIDATES})["n"]  # noqa: S608
        return {} if found >= _FEW else {word: self._similar(word) for word in forgivable(filters)}

    def _similar(self, word: str) -> list[str]:
        """Words of the library that are nearly `word` (storage.sql.pool.FORGIVEN)."""
        rows = self._database.all(
            """SELECT word FROM spellings WHERE %(word)s <%% word
               ORDER BY word_similarity(%(word)s, word) + similarity(%(word)s, word) / 10 DESC, word LIMIT %(limit)s""",
            {"word": word, "limit": _CORRECTIONS},
        )
        return [row["word"] for row in rows]

    # --- all of it --------------------------------------------------------------------------------

    def ids(self, filters: Filters, limit: int) -> list[str]:
        """All that fit, by folder and name."""
        filters = self._named(filters)
        condition, parameters = where(filters, self._corrected(filters))
        kind = "AND kind = %(kind)s" if filters.kind else ""
        rows = self._database.all(
            f"""SELECT id::text FROM media WHERE {visible(filters)} AND {condition} {kind}
                ORDER BY shelf, lower(name), id LIMIT %(limit)s""",  # noqa: S608
            parameters | {"limit": limit, "kind": filters.kind},
        )
        return [row["id"] for row in rows]

    def tags(self, filters: Filters, limit: int = 200) -> tuple[list[tuple[str, int]], bool]:
        """The most frequent tags with their counts, and whether those are of the newest media only."""
        condition, parameters = where(self._named(filters))
        rows = self._database.all(
            f"""WITH newest AS MATERIALIZED (
                    SELECT tags FROM media WHERE {visible(filters)} AND {condition} AND tags <> '{{}}'
                    ORDER BY created_at DESC, id DESC LIMIT %(sample)s)
                SELECT tag, count(*) AS n, (SELECT count(*) FROM newest) AS sampled FROM newest, unnest(tags) tag
                GROUP BY tag ORDER BY n DESC, tag LIMIT %(limit)s""",  # noqa: S608
            parameters | {"limit": limit, "sample": SAMPLE},
        )
        return [(row["tag"], row["n"]) for row in rows], any(row["sampled"] >= SAMPLE for row in rows)

    def uploaders(self, limit: int = 500) -> list[str]:
        """The names of those who have something in the library."""
        rows = self._database.all(
            f"""SELECT username FROM users u WHERE EXISTS (SELECT FROM media WHERE owner_id = u.id AND {ALIVE})
                ORDER BY lower(username) LIMIT %s""",  # noqa: S608
            [limit],
        )
        return [row["username"] for row in rows]

    def names(self, users: list[str]) -> dict[str, str]:
        """Id -> user name."""
        rows = self._database.all("SELECT id::text, username FROM users WHERE id = ANY(%s::uuid[])", [users])
        return {row["id"]: row["username"] for row in rows}


def _counted(filters: Filters) -> int:
    """What a scan is counted to, and sorted as it is."""
    if filters.tag and filters.kind and filters.sort == "created_at":
        return TAGGED
    if filters.query or filters.tag:
        return CANDIDATES
    return _SORTED if filters.folder is not None else COUNTED


def _put_together(filters: Filters, counts: dict[str, int], most: int, key: str, condition: str, ending: str) -> str:
    """A scan with nothing is left out, one with little is read and sorted; one with much is walked in order.

    The planner alone would walk the largest index to its end for what it takes to be evenly spread and is not.
    """
    parts = []
    for scan, count in counts.items():
        if 0 < count <= most:
            whole = f"SELECT id, {key} AS key FROM media WHERE {scan} AND {condition} OFFSET 0"  # noqa: S608
            parts.append(f"(SELECT * FROM ({whole}) whole {ending})")  # noqa: S608
        elif count:
            for walk in _walks(filters, scan):
                parts.append(f"(SELECT id, {key} AS key FROM media WHERE {walk} AND {condition} {ending})")  # noqa: S608
    return " UNION ALL ".join(parts) or f"SELECT id, {key} AS key FROM media WHERE {condition} LIMIT 0"  # noqa: S608


def _walks(filters: Filters, scan: str) -> list[str]:
    """How to come upon what a scan has, in order."""
    listed = filters.directly and filters.sort == "name"  # as the index of folders has it
    found = (filters.query or filters.tag) and filters.sort == "created_at" and filters.folder is None
    return [scan] if listed or found or scan in sorted_scans(filters) else sorted_scans(filters)


def _rank(row: dict[str, Any]) -> tuple[float, str]:
    return row["rank"], row["id"]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise BadRequest("cursor: it must be the next_cursor of an earlier answer.") from None

"""The library's pages: filters, search, order; everything that a list of media can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import DataError

from control.domain.media import Media
from control.errors import BadRequest
from control.storage.sql.media import ALIVE, COLUMNS, media_of
from control.storage.sql.pool import Database

# What a page may be sorted by, and its type; the id makes the order total. What has no duration comes last.
ORDERS = {
    "created_at": ("created_at", "timestamptz"),
    "name": ("lower(name)", "text"),
    "size": ("size_bytes", "bigint"),
    "duration": ("coalesce(duration, %(no_duration)s)", "float8"),
    # Whatever else it is called besides counts a little: "song" before "song of the year".
    "relevance": ("word_similarity(%(query)s, words) + similarity(%(query)s, words) / 10", "float8"),
}
# A shorter word has too few trigrams to be misspelt recognisably.
_FORGIVEN_LENGTH = 4
_MANY_WORDS = 8

# Where a page ended: the sort key of its last item, as text, and its id.
Position = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Filters:
    """What to list; None matches everything. `viewer_id`, `guest` and `include_private` say for whom."""

    kind: str | None = None
    query: str | None = None
    state: str | None = None
    sort: str = "created_at"
    descending: bool = True
    include_private: bool = False  # administrators see everything
    viewer_id: str | None = None
    guest: bool = False  # guests see what is public
    source: str | None = None
    tag: str | None = None
    folder: str | None = None  # with all below it; of a mount: "{mount}/{path}"
    uploader: str | None = None  # a user name
    since: datetime | None = None
    until: datetime | None = None
    min_size: int | None = None
    max_size: int | None = None
    min_duration: float | None = None
    max_duration: float | None = None


# filter -> the clause that it stands for; its value is the parameter of the same name.
_CLAUSES = {
    "kind": "kind = %(kind)s",
    "state": "state = %(state)s",
    "source": "source = %(source)s",
    "tag": "tags @> ARRAY[%(tag)s]",
    # A mount's paths are bytes: what is below it begins with its name.
    "folder": """(folder = %(folder)s OR starts_with(folder, %(folder)s || '/') OR mount IS NOT NULL
        AND starts_with(encode(convert_to(mount || '/', 'UTF8') || path, 'hex'),
                        encode(convert_to(%(folder)s || '/', 'UTF8'), 'hex')))""",
    "uploader": "owner_id = (SELECT u.id FROM users u WHERE lower(u.username) = lower(%(uploader)s))",
    "since": "created_at >= %(since)s",
    "until": "created_at < %(until)s",
    "min_size": "size_bytes >= %(min_size)s",
    "max_size": "size_bytes <= %(max_size)s",
    "min_duration": "duration >= %(min_duration)s",
    "max_duration": "duration <= %(max_duration)s",
}


class LibraryStore:
    def __init__(self, database: Database):
        self._database = database

    def page(
        self, filters: Filters, limit: int, offset: int = 0, after: Position | None = None
    ) -> tuple[list[Media], Position | None]:
        """Return up to `limit` media, and where they end; they begin at `offset`, or `after` an earlier end.

        Raises BadRequest for an `after` that is none.
        """
        where, parameters = condition_of(filters)
        key, kind = ORDERS[filters.sort]
        direction, further = ("DESC", "<") if filters.descending else ("ASC", ">")
        if after is not None:
            where += f" AND ({key}, id) {further} (%(key)s::{kind}, %(id)s::uuid)"
            parameters |= {"key": after[0], "id": after[1]}
        rows = self._rows(
            f"SELECT {COLUMNS}, ({key})::text AS position FROM media WHERE {where}"  # noqa: S608
            f" ORDER BY {key} {direction}, id {direction} LIMIT %(limit)s OFFSET %(offset)s",
            parameters | {"limit": limit, "offset": offset},
        )
        positions = [(row.pop("position"), row["id"]) for row in rows]
        return [media_of(row) for row in rows], positions[-1] if positions else None

    def _rows(self, query: str, parameters: dict[str, Any]) -> list[dict]:
        try:
            return self._database.all(query, parameters)
        except DataError:  # a cursor of somebody's own making
            raise BadRequest("cursor: it must be the next_cursor of an earlier answer.") from None

    def count(self, filters: Filters) -> int:
        where, parameters = condition_of(filters)
        return self._database.one(f"SELECT count(*) AS n FROM media WHERE {where}", parameters)["n"]  # noqa: S608

    def ids(self, filters: Filters, limit: int) -> list[str]:
        """All that fit, by folder and name."""
        where, parameters = condition_of(filters)
        rows = self._database.all(
            f"SELECT id::text FROM media WHERE {where}"  # noqa: S608
            " ORDER BY mount NULLS FIRST, folder, path, lower(name), id LIMIT %(limit)s",
            parameters | {"limit": limit},
        )
        return [row["id"] for row in rows]

    def tags(self, filters: Filters, limit: int = 50) -> list[str]:
        """The most frequent tags of what `filters` match."""
        where, parameters = condition_of(filters)
        rows = self._database.all(
            f"""SELECT tag FROM media, unnest(tags) tag WHERE {where}
                GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %(limit)s""",  # noqa: S608
            parameters | {"limit": limit},
        )
        return [row["tag"] for row in rows]


def condition_of(filters: Filters) -> tuple[str, dict[str, Any]]:
    """The condition on `media` that they stand for, and its parameters."""
    clauses = [ALIVE, *_visible(filters)]
    parameters: dict[str, Any] = {
        "viewer_id": filters.viewer_id, "query": (filters.query or "").lower(),
        "no_duration": float("-inf" if filters.descending else "inf"),
    }  # fmt: skip
    for name, clause in _CLAUSES.items():
        if (value := getattr(filters, name)) is not None:
            clauses.append(clause)
            parameters[name] = value
    for number, word in enumerate((filters.query or "").lower().split()[:_MANY_WORDS]):
        clauses.append(_matches(word, number))
        parameters |= {f"word{number}": word, f"like{number}": f"%{_literally(word)}%"}
    return " AND ".join(clauses), parameters


def _visible(filters: Filters) -> list[str]:
    if filters.guest:
        return ["(visibility = 'public' OR owner_id = %(viewer_id)s)"]
    return [] if filters.include_private else ["(visibility <> 'private' OR owner_id = %(viewer_id)s)"]


def _matches(word: str, number: int) -> str:
    """A part of a word as it stands, or a word that is nearly so (storage.sql.pool.FORGIVEN)."""
    exact = f"words LIKE %(like{number})s"
    return f"({exact} OR %(word{number})s <%% words)" if len(word) >= _FORGIVEN_LENGTH else exact


def _literally(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

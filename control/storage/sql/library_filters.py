"""What lists of the library are narrowed by, as SQL: whose eyes, which filters, which words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from control.domain.folders import shelf_of
from control.storage.sql.media import ALIVE

# A shorter word has too few trigrams to be misspelt recognisably.
_FORGIVEN_LENGTH = 4
_MANY_WORDS = 8

# As the partial indexes of migration 0012 say it (ALIVE too): the planner then knows that they hold all of it.
_KINDS, _TIMED = ("video", "audio", "image", "document"), ("video", "audio")
_SHARED, _PRIVATE = "visibility <> 'private'", "visibility = 'private'"


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
    folder: str | None = None  # as domain.folders writes it; of a mount: "{mount}/{path}"
    directly: bool = False  # in that folder itself, and not below it
    owner: str | None = None  # a user id
    uploader: str | None = None  # a user name
    since: datetime | None = None
    until: datetime | None = None
    min_size: int | None = None
    max_size: int | None = None
    min_duration: float | None = None
    max_duration: float | None = None


# What a page may be sorted by, and its type; the id makes the order total. What has no duration comes last.
ORDERS = {
    "created_at": ("created_at", "timestamptz"),
    "name": ("lower(name)", "text"),
    "size": ("size_bytes", "bigint"),
    "duration": ("coalesce(duration, '{worst}')", "float8"),
    # Whatever else it is called besides counts a little: "song" before "song of the year".
    "relevance": ("word_similarity(%(query)s, words) + similarity(%(query)s, words) / 10", "float8"),
}

# filter -> the clause that it stands for; its value is the parameter of the same name.
_CLAUSES = {
    "state": "state = %(state)s",
    "source": "source = %(source)s",
    "tag": "tag_codes @> ARRAY[hashtextextended(%(tag)s, 0)]",  # so that an index has it whole
    "owner": "owner_id = %(owner)s",
    "uploader": "owner_id = (SELECT u.id FROM users u WHERE lower(u.username) = lower(%(uploader)s))",
    "since": "created_at >= %(since)s",
    "until": "created_at < %(until)s",
    "min_size": "size_bytes >= %(min_size)s",
    "max_size": "size_bytes <= %(max_size)s",
    "min_duration": "coalesce(duration, '-Infinity') >= %(min_duration)s",
    "max_duration": "coalesce(duration, 'Infinity') <= %(max_duration)s",
}


def audiences(filters: Filters) -> tuple[str, str]:
    """The two halves of what somebody may see; each is answered by indexes of its own."""
    if filters.include_private:
        return _SHARED, _PRIVATE
    if filters.guest:
        return f"visibility = 'public' AND {_SHARED}", "visibility <> 'public' AND owner_id = %(viewer_id)s"
    return _SHARED, f"{_PRIVATE} AND owner_id = %(viewer_id)s"


def visible(filters: Filters) -> str:
    """The same as one condition, for what another index answers."""
    return "true" if filters.include_private else f"({' OR '.join(f'({half})' for half in audiences(filters))})"


def order_of(filters: Filters) -> tuple[str, str]:
    """What a list is sorted by, as an index has it, and its type."""
    key, kind = ORDERS[filters.sort]
    return key.format(worst="-Infinity" if filters.descending else "Infinity"), kind


def condition_of(filters: Filters) -> tuple[str, dict[str, Any]]:
    """Everything that they stand for as one condition on `media`, and its parameters."""
    condition, parameters = where(filters)
    kind = "kind = %(kind)s" if filters.kind else "true"
    return f"{condition} AND {kind} AND {visible(filters)}", parameters | {"kind": filters.kind}


def scans(filters: Filters) -> list[str]:
    """The conditions that a list is put together of.

    Each kind and each half of what somebody may see of it, as the sorted indexes have them. Words, tags and folders
    have indexes of their own, which know no kinds: they are asked once.
    """
    halves = audiences(filters)
    if filters.kind:
        return [f"kind = '{filters.kind}' AND {half}" for half in halves] if filters.kind in _KINDS else []
    if filters.query or filters.tag:
        return [visible(filters)]
    return list(halves) if filters.folder is not None else sorted_scans(filters)


def sorted_scans(filters: Filters) -> list[str]:
    """The same for a walk in the order of an index."""
    timed = filters.min_duration is not None or filters.max_duration is not None
    kinds = [filters.kind] if filters.kind else _TIMED if timed else _KINDS
    return [f"kind = '{kind}' AND {half}" for kind in kinds for half in audiences(filters)]


def where(filters: Filters, corrected: dict[str, list[str]] | None = None) -> tuple[str, dict[str, Any]]:
    """A condition (without kinds and viewers) and its parameters; `corrected`: what words of a query may stand for."""
    clauses, parameters = [ALIVE], {"viewer_id": filters.viewer_id, "query": (filters.query or "").lower()}
    for name, clause in _CLAUSES.items():
        if (value := getattr(filters, name)) is not None:
            clauses.append(clause)
            parameters[name] = value
    if filters.folder is not None:
        clauses.append(_lies_in(filters))
        parameters |= bounds(shelf_of(filters.folder))
    for number, word in enumerate(query_words(filters)):
        patterns = [f"%{_literally(one)}%" for one in (word, *(corrected or {}).get(word, []))]
        clauses.append("(" + " OR ".join(f"words LIKE %(like{number}_{n})s" for n in range(len(patterns))) + ")")
        parameters |= {f"like{number}_{n}": pattern for n, pattern in enumerate(patterns)}
    return " AND ".join(clauses), parameters


def _lies_in(filters: Filters) -> str:
    if filters.directly:
        return "shelf = %(shelf)s"
    return "shelf >= %(shelf)s AND shelf < %(shelf_end)s"


def bounds(shelf: bytes) -> dict[str, bytes]:
    """All that begins with `shelf` is from `shelf` on and before `shelf_end`: "0" follows "/"."""
    return {"shelf": shelf, "shelf_end": shelf.removesuffix(b"/") + b"0" if shelf else b"\xff"}


def query_words(filters: Filters) -> list[str]:
    return (filters.query or "").lower().split()[:_MANY_WORDS]


def forgivable(filters: Filters) -> list[str]:
    """Words of the query that may have been misspelt."""
    return [word for word in query_words(filters) if len(word) >= _FORGIVEN_LENGTH]


def _literally(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

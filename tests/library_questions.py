"""What people ask a library: each as the filters that it stands for. The bench measures them, a test reads their plans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from control.storage.sql.folders import FolderStore
from control.storage.sql.library import LibraryStore
from control.storage.sql.library_filters import Filters
from tests.generated_media import FREQUENT, RARE, TYPO

PAGE = 48
BY_NAME = {"sort": "name", "descending": False}

LISTS: dict[str, dict[str, Any]] = {
    "newest first": {}, "oldest first": {"descending": False}, "by name": BY_NAME, "largest first": {"sort": "size"},
    "longest first": {"sort": "duration"}, "shortest first": {"sort": "duration", "descending": False},
    "a kind": {"kind": "document"}, "a kind by name": {"kind": "document", **BY_NAME},
    "a source": {"source": "upload"}, "failed ones": {"state": "failed"},
    "since a day": {"since": datetime(2025, 6, 1, tzinfo=UTC)},
    "over 8 GB": {"min_size": 8_000_000_000}, "over 8 GB by name": {"min_size": 8_000_000_000, **BY_NAME},
    "over two hours less": {"min_duration": 7000}, "an uploader": {"uploader": "generated0"},
    "a quiet uploader": {"uploader": "generated30"}, "an uploader's documents": {"uploader": "generated3", "kind": "document"},
    "a tag": {"tag": "tag an"}, "a tag and a kind": {"tag": "tag an", "kind": "video"},
    "a folder with all below": {"folder": "Lisbon/2021"}, "a folder itself": {"folder": "drive/Oslo/2022", "directly": True, **BY_NAME},
    "a frequent word": {"query": FREQUENT, "sort": "relevance"}, "a rare word": {"query": RARE, "sort": "relevance"},
    "a typing error": {"query": TYPO, "sort": "relevance"}, "two words": {"query": f"{FREQUENT} vacation", "sort": "relevance"},
    "a word that is nowhere": {"query": "zzzqqq", "sort": "relevance"}, "a frequent word by name": {"query": FREQUENT, **BY_NAME},
    "a word and a kind": {"query": "vacation", "kind": "video", "sort": "relevance"},
}  # fmt: skip


def questions(database: Any, viewer: str) -> dict[str, Callable[[], object]]:
    """Name -> ask it once; as an administrator, and again as `viewer` (a user id)."""
    library, folders = LibraryStore(database), FolderStore(database)
    asked: dict[str, Callable[[], object]] = {}
    for who, eyes in (("", {"include_private": True}), (", as a viewer", {"viewer_id": viewer})):
        for name, filters in LISTS.items():
            asked[name + who] = _list(library, Filters(**eyes, **_known(database, filters)))
        asked["page 200" + who] = _list(library, Filters(**eyes), offset=199 * PAGE)
        asked["tags" + who] = lambda eyes=eyes: library.tags(Filters(**eyes))
        asked["folders" + who] = lambda eyes=eyes: folders.within(Filters(folder="drive", **eyes))
    asked["uploaders"] = library.uploaders
    return asked


def _known(database: Any, filters: dict[str, Any]) -> dict[str, Any]:
    return filters | {"tag": _most_frequent_tag(database)} if "tag" in filters else filters


def _most_frequent_tag(database: Any) -> str:
    return next(iter(LibraryStore(database).tags(Filters(include_private=True))[0]))[0]


def _list(library: LibraryStore, filters: Filters, offset: int = 0) -> Callable[[], object]:
    return lambda: library.page(filters, PAGE, offset)


def deep(database: Any) -> Callable[[], object]:
    """The page after the middle of everything, by cursor."""
    middle = database.one("""SELECT created_at::text, id::text FROM media WHERE deleted_at IS NULL AND created_at >=
        (SELECT min(created_at) + (max(created_at) - min(created_at)) / 2 FROM media WHERE deleted_at IS NULL)
        ORDER BY created_at LIMIT 1""")
    library, filters = LibraryStore(database), Filters(include_private=True)
    return lambda: library.page(filters, PAGE, after=(middle["created_at"], middle["id"]))

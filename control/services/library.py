"""The library: what a principal may see of it, page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from control.domain.folders import Folder
from control.domain.media import Media, Visibility
from control.domain.sessions import Principal
from control.domain.users import User
from control.errors import BadRequest, MediaNotFound
from control.services.audit import Audit
from control.services.memory import Memory
from nginx import contract

Position = tuple[str, str]  # opaque: of a storage.sql.library
LARGEST_PAGE, BATCH = 200, 500
FURTHEST = 10_000  # items that page numbers reach: what lies further would be read past to be skipped


@dataclass(frozen=True, slots=True)
class Page:
    items: list[Media]
    total: int
    page: int
    limit: int
    end: Position | None = None  # where the next page goes on
    capped: bool = False  # there are more than `total`

    @property
    def pages(self) -> int:
        """As far as they are known: where the total is capped, one more than those seen as long as there is one."""
        counted = max(1, -(-self.total // self.limit))
        return max(counted, self.page + (self.end is not None)) if self.capped else counted


class Library:
    """`catalogue` makes lists, `folders` those of folders, `media` changes rows."""

    def __init__(self, media, catalogue, folders, memory: Memory[Media], audit: Audit):
        self._media, self._catalogue, self._folders = media, catalogue, folders
        self._memory, self._audit = memory, audit

    def page(
        self, principal: Principal, filters, page: int, limit: int, after: Position | None = None
    ) -> Page:  # fmt: skip
        """One page of what `principal` may see: by number, or `after` the end of another one.

        `filters` is a storage.sql.library.Filters without a viewer.
        """
        limit = max(1, min(limit, LARGEST_PAGE))
        offset = 0 if after else (page - 1) * limit
        if offset + limit > FURTHEST + LARGEST_PAGE:
            raise BadRequest(f"page: numbers reach {FURTHEST:,} items; go on with next_cursor.")
        found = self._catalogue.page(seen_by(principal, filters), limit, offset, after)
        return Page(found.items, found.total, page, limit, found.end, found.capped)

    def tags(self, principal: Principal, filters) -> tuple[list[tuple[str, int]], bool]:
        """The most frequent tags of what `principal` may see, with counts; whether those are at least so many."""
        return self._catalogue.tags(seen_by(principal, filters))

    def folders(self, principal: Principal, filters) -> list[Folder]:
        """The folders right below that of `filters` in which `principal` may see something."""
        return self._folders.within(seen_by(principal, filters))

    def uploaders(self, principal: Principal) -> list[str]:
        """Whose media there are, for those who may know everybody's name: administrators; else oneself."""
        return self._catalogue.uploaders() if principal.role == "admin" else [principal.username]

    def names_of(self, principal: Principal, items: list[Media]) -> dict[str, str]:
        """Owner's id -> name, of these media, as far as `principal` may know it."""
        owners = {media.owner_id for media in items if media.owner_id}
        if principal.role != "admin":
            return {principal.user_id: principal.username} if principal.user_id in owners else {}
        return self._catalogue.names(sorted(owners))

    def find(self, media_id: str) -> Media | None:
        """From memory where that may be trusted."""
        return self._memory.get(media_id)

    def find_by_key(self, key: str) -> Media | None:
        """What clients of the upload service call so (Media.key)."""
        media_id = key.rpartition("/")[2]
        media = self.find(media_id) if re.fullmatch(contract.UUID, media_id) else None
        return media if media is not None and media.key == key else None

    def ids(self, principal: Principal, filters, limit: int) -> list[str]:
        """All that `principal` may see and that fits, `limit` of it at most."""
        return self._catalogue.ids(seen_by(principal, filters), limit)

    def find_all(self, ids: Sequence[str], stored: Sequence[str] = ()) -> Iterator[Media]:
        """Those that there are of these ids and places of uploads, from the database, a batch at a time."""
        for start in range(0, len(ids), BATCH):
            yield from self._media.find_all(ids[start : start + BATCH])
        for start in range(0, len(stored), BATCH):
            yield from self._media.find_all([], stored[start : start + BATCH])

    def change(
        self, principal: Principal, media: Media, visibility: Visibility | None, owner: User | None, **facts
    ) -> Media:
        """Give a media another visibility or owner (None: leave it), at once in every worker; `facts`: the trail's."""
        self._media.set_access(media.id, visibility or media.visibility, owner.id if owner else media.owner_id)
        details = {"visibility": visibility, "owner": owner and owner.username}
        details = {name: value for name, value in details.items() if value}
        self._audit.record("media_changed", principal, media_id=media.id, details=details, **facts)
        changed = self.find(media.id)
        if changed is None:
            raise MediaNotFound()
        return changed

    def rename(self, principal: Principal, media: Media, name: str, tags: tuple[str, ...], **facts) -> Media:
        """Give a media another name and other tags; `facts`: the trail's."""
        self._media.rename(media.id, name, tags)
        details = {"name": name, "tags": list(tags)}
        self._audit.record("media_renamed", principal, media_id=media.id, details=details, **facts)
        return replace(media, name=name, tags=tags)


def seen_by(principal: Principal, filters):
    """The same for this viewer's eyes."""
    return replace(
        filters, viewer_id=principal.user_id, guest=principal.role == "guest",
        include_private=principal.role == "admin",
    )  # fmt: skip

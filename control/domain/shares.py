"""Shares: a revocable address of some media, with rights, and what its owner sees of its use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from control.domain.media import Media
    from control.domain.sessions import Principal

ShareRight = Literal["view", "download", "upload"]
SHARE_RIGHTS: tuple[ShareRight, ...] = get_args(ShareRight)


@dataclass(frozen=True, slots=True)
class Share:
    id: str
    owner: Principal  # with the role of this moment
    owner_active: bool
    name: str
    note: str
    media_ids: tuple[str, ...]
    folder: str | None  # of the owner's own media, with everything below it
    rights: frozenset[ShareRight]
    password_hash: str  # empty: the code is enough
    password_version: int
    max_uses: int | None
    upload_max_files: int | None
    upload_max_bytes: int | None
    created_at: datetime
    expires_at: datetime
    revoked: bool

    def over(self, now: datetime) -> bool:
        return self.revoked or not self.owner_active or self.expires_at <= now

    def holds(self, media: Media) -> bool:
        """Whether `media` is part of it: named, or in its folder or one below it."""
        if media.id in self.media_ids:
            return True
        if self.folder is None or media.owner_id != self.owner.user_id:
            return False
        return media.folder == self.folder or media.folder.startswith(self.folder + "/")


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser or program in one share."""

    id: str  # 32 hex digits; the ticket of its deliveries
    share_id: str
    visitor: str  # 32 hex digits, of its cookie
    password_version: int  # of the password that it gave


@dataclass(frozen=True, slots=True)
class ShareUse:
    """What has become of a share."""

    opens: int = 0  # visits
    downloads: int = 0  # files that have arrived whole
    uses: int = 0  # visits that count against max_uses
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Who has the uses of a share at this moment, and what one visit has of it and of one media."""

    limit: int
    used: int  # uses that are counted for good
    taken: int  # those, and the ones that are being fetched
    mine_used_at: datetime | None
    mine_running: bool
    item_running: bool
    item_complete_at: datetime | None

"""The trash: out of everybody's sight at once, back again as it was, or gone for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from control.domain.media import Media
from control.domain.sessions import Principal
from control.domain.trash import Contents, Trashed
from control.errors import MountedFile
from control.services.audit import Audit
from control.settings.paths import Paths
from control.vault.removal import bring_back, put_aside

log = structlog.get_logger()

LARGEST_PAGE = 200
Position = tuple[str, str]  # opaque: of a storage.sql.trash


@dataclass(frozen=True, slots=True)
class Page:
    items: list[Trashed]
    contents: Contents
    end: Position | None


class Trash:
    """Whether one may, :func:`control.services.decisions.decide` says. `work` runs a function in a thread; `facts` are
    the audit trail's."""

    def __init__(self, store, audit: Audit, paths: Paths, days: int, work: Callable):
        self._store, self._audit, self._paths, self._work = store, audit, paths, work
        self.kept_for = timedelta(days=days)

    def page(self, principal: Principal, limit: int, after: Position | None = None) -> Page:
        """What a user has in the trash, the latest first; administrators see everybody's."""
        owner = _owner(principal)
        items, end = self._store.page(owner, max(1, min(limit, LARGEST_PAGE)), after)
        return Page(items, self._store.contents(owner), end)

    def gone_at(self, trashed_at: datetime) -> datetime:
        """When it is removed for good."""
        return trashed_at + self.kept_for

    def put(self, principal: Principal, media: Sequence[Media], **facts: str) -> list[str]:
        """Out of sight in every worker at once; return the ids that went. Raises MountedFile."""
        if any(one.mount is not None for one in media):
            raise MountedFile()
        gone = self._store.put([one.id for one in media], principal.user_id)
        self._record("media_trashed", principal, media, gone, **facts)
        try:
            self._store.hold(gone, lambda held: self._work(self._each, put_aside, held))
        except OSError as error:  # the processor tries again
            log.warning("not_put_aside", error=str(error))
        return gone

    def put_all_of(self, owner_id: str, by: Principal, **facts: str) -> int:
        """Everything that a user has but what lies on mounts; return how many went."""
        count = 0
        while gone := self.put(by, self._store.owned(owner_id, LARGEST_PAGE), **facts):
            count += len(gone)
        return count

    def restore(self, principal: Principal, media: Sequence[Media], **facts: str) -> list[str]:
        """Back to where it was; return the ids that came back."""
        ids = [one.id for one in media]
        back = self._store.restore(ids, lambda held: self._work(self._each, bring_back, held))
        self._record("media_restored", principal, media, back, **facts)
        return back

    def remove(self, principal: Principal, media: Media, **facts: str) -> None:
        """For good: the processor removes its files within seconds."""
        self._record("media_deleted", principal, [media], self._store.doom([media.id]), **facts)

    def empty(self, principal: Principal, before: datetime | None = None, **facts: str) -> int:
        """All that a user sees in the trash goes for good, or what went in before a moment; return how many did."""
        gone = self._store.doom_all(_owner(principal), before or datetime.now(UTC))
        media = [one.media for one in gone]
        self._record("media_deleted", principal, media, [one.id for one in media], **facts)
        return len(gone)

    def _each(self, act: Callable[[Paths, Media], None], media: Sequence[Media]) -> None:
        for one in media:
            act(self._paths, one)

    def _record(self, event: str, by: Principal, media: Sequence[Media], ids: Sequence[str], **facts: str) -> None:
        known = {one.id: one for one in media}
        for one in map(known.get, ids):
            details = {"name": one.name, "size": one.size_bytes}
            self._audit.record(event, by, media_id=one.id, reason="on demand", details=details, **facts)


def _owner(principal: Principal) -> str | None:
    """Whose trash it is; None: everybody's."""
    return None if principal.role == "admin" else principal.user_id

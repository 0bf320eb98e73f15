"""What lies beside a media, for viewers that go on to the next one."""

from __future__ import annotations

from dataclasses import dataclass

from control.domain.media import Media
from control.domain.sessions import Principal
from control.services.library import seen_by


@dataclass(frozen=True, slots=True)
class Around:
    """The nearest first."""

    previous: list[Media]
    next: list[Media]


class Neighbours:
    def __init__(self, store):
        self._store = store

    def around(self, principal: Principal, media: Media, filters, limit: int, beside: bool = False) -> Around:
        """What `principal` may see around `media`, up to `limit` each way.

        In a view of the library (`filters`, a storage.sql.library.Filters without a viewer), or `beside` it: on its
        album, in its folder.
        """
        return Around(*self._store.around(media, seen_by(principal, filters), limit, beside))

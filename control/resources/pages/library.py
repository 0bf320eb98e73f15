"""/library and /watch/{id}."""

from __future__ import annotations

import falcon

from control.domain.media import Media
from control.domain.rights import CHANGE_MEDIA, DELETE_MEDIA, DOWNLOAD
from control.domain.sessions import Principal
from control.resources.credentials import decision_id, principal_of
from control.resources.library import LibraryQuery, pagination
from control.resources.media import as_json, with_details
from control.resources.neighbours import look_around, view_of
from control.resources.outcome import required
from control.resources.pages.rendering import Renderer
from control.resources.positions import begun_json
from control.services.decisions import decide
from control.services.library import Library
from control.services.neighbours import Around, Neighbours
from control.services.positions import Positions
from control.storage.sql.library import Filters

_BEGUN, _FOLLOWING = 12, 12  # of "Continue watching", of "Up next"
_FORM = ("from", "to", "min_size", "max_size", "min_duration", "max_duration", "tag", "source", "uploader")


class Collection:
    def __init__(self, render: Renderer, library: Library, positions: Positions):
        self._render, self._library, self._positions = render, library, positions

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, wanted = principal_of(req), LibraryQuery.of(req)
        filters = wanted.filters(principal)
        page = self._library.page(principal, filters, wanted.page, wanted.limit)
        first = not wanted.words and wanted.type == "all" and wanted.page == 1 and not any(map(req.get_param, _FORM))
        watched = self._positions.of(principal, [media.id for media in page.items])
        self._render.page(
            req, resp, "library", principal,
            items=[as_json(media) | {"position": watched.get(media.id)} for media in page.items],
            pagination=pagination(page),
            begun=begun_json(self._positions.begun(principal, Filters(), _BEGUN)) if first else [],
            tags=self._library.tags(principal, Filters()), filters=_shown(req, wanted),
        )  # fmt: skip


def _shown(req: falcon.Request, wanted: LibraryQuery) -> dict[str, str]:
    """What the address says, as its form shows it."""
    return {name: req.get_param(name) or "" for name in _FORM} | {
        "type": wanted.type, "query": wanted.words, "sort": wanted.sorted_by,
        "order": "desc" if wanted.descending else "asc",
    }  # fmt: skip


class Watch:
    def __init__(self, render: Renderer, library: Library, neighbours: Neighbours, positions: Positions):
        self._render, self._library, self._neighbours, self._positions = render, library, neighbours, positions

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        carried = req.get_param("in") or ""  # the library's query, where somebody came from there
        around = self._around(principal, media, carried)
        change = decide(principal, CHANGE_MEDIA, media, decision_id(req))
        delete = decide(principal, DELETE_MEDIA, media, decision_id(req))
        self._render.page(
            req, resp, "watch", principal, media=with_details(media, principal),
            previous_media=_first(around.previous), next_media=_first(around.next), carried=carried,
            up_next=[as_json(one) for one in around.next], may_change=change.allowed,
            may_delete=delete.allowed and media.mount is None,
            position=self._positions.of(principal, [media.id]).get(media.id),
        )  # fmt: skip

    def _around(self, principal: Principal, media: Media, carried: str) -> Around:
        """A film is followed by what lies in its folder, anything else by what stands in the view it was found in."""
        if media.kind == "video":
            return self._neighbours.around(principal, media, Filters(), _FOLLOWING, beside=True)
        return look_around(self._neighbours, principal, media, view_of(media, carried), 1)


def _first(found: list[Media]) -> dict | None:
    return as_json(found[0]) if found else None

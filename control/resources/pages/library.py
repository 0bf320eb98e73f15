"""/library and /watch/{id}."""

from __future__ import annotations

import falcon

from control.domain.media import Media
from control.domain.rights import CHANGE_MEDIA, DOWNLOAD
from control.resources.credentials import decision_id, principal_of
from control.resources.library import LibraryQuery, pagination
from control.resources.media import as_json, with_details
from control.resources.neighbours import look_around, view_of
from control.resources.outcome import required
from control.resources.pages.rendering import Renderer
from control.services.decisions import decide
from control.services.library import Library
from control.services.neighbours import Neighbours
from control.storage.sql.library import Filters

_FORM = ("from", "to", "min_size", "max_size", "min_duration", "max_duration", "tag", "source", "uploader")


class Collection:
    def __init__(self, render: Renderer, library: Library):
        self._render, self._library = render, library

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, wanted = principal_of(req), LibraryQuery.of(req)
        filters = wanted.filters(principal)
        page = self._library.page(principal, filters, wanted.page, wanted.limit)
        self._render.page(
            req, resp, "library", principal, items=[as_json(media) for media in page.items],
            pagination=pagination(page),
            tags=self._library.tags(principal, Filters()), filters=_shown(req, wanted),
        )  # fmt: skip


def _shown(req: falcon.Request, wanted: LibraryQuery) -> dict[str, str]:
    """What the address says, as its form shows it."""
    return {name: req.get_param(name) or "" for name in _FORM} | {
        "type": wanted.type, "query": wanted.words, "sort": wanted.sorted_by,
        "order": "desc" if wanted.descending else "asc",
    }  # fmt: skip


class Watch:
    def __init__(self, render: Renderer, library: Library, neighbours: Neighbours):
        self._render, self._library, self._neighbours = render, library, neighbours

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        carried = req.get_param("in") or ""  # the library's query, where somebody came from there
        around = look_around(self._neighbours, principal, media, view_of(media, carried), 1)
        change = decide(principal, CHANGE_MEDIA, media, decision_id(req))
        self._render.page(
            req, resp, "watch", principal, media=with_details(media, principal),
            previous_media=_first(around.previous), next_media=_first(around.next), carried=carried,
            may_change=change.allowed,
        )  # fmt: skip


def _first(found: list[Media]) -> dict | None:
    return as_json(found[0]) if found else None

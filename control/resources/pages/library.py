"""/library and /watch/{id}."""

from __future__ import annotations

import falcon

from control.domain.rights import CHANGE_MEDIA, DELETE_MEDIA, DOWNLOAD
from control.resources.credentials import decision_id, principal_of
from control.resources.library import LibraryQuery, pagination
from control.resources.media import as_json, with_details
from control.resources.outcome import required
from control.resources.pages.rendering import Renderer
from control.services.decisions import decide
from control.services.library import Library
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
    def __init__(self, render: Renderer, library: Library):
        self._render, self._library = render, library

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        following = self._library.next_after(principal, media)
        change = decide(principal, CHANGE_MEDIA, media, decision_id(req))
        delete = decide(principal, DELETE_MEDIA, media, decision_id(req))
        self._render.page(
            req, resp, "watch", principal, media=with_details(media, principal),
            next_media=following and as_json(following), may_change=change.allowed,
            may_delete=delete.allowed and media.mount is None,
        )  # fmt: skip

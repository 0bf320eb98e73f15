"""/library and /watch/{id}."""

from __future__ import annotations

import falcon

from control.domain.rights import DOWNLOAD
from control.resources.credentials import decision_id, principal_of
from control.resources.media import LibraryQuery, as_json, pagination, with_details
from control.resources.outcome import required
from control.resources.pages.rendering import Renderer
from control.services.decisions import decide
from control.services.library import Library


class Collection:
    def __init__(self, render: Renderer, library: Library):
        self._render, self._library = render, library

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, wanted = principal_of(req), LibraryQuery.of(req)
        page = self._library.page(principal, wanted.filters(), wanted.page, wanted.limit)
        self._render.page(
            req, resp, "library", principal, items=[as_json(media) for media in page.items],
            pagination=pagination(page),
            filters={
                "type": wanted.type, "query": wanted.query.strip(), "sort": wanted.sort,
                "order": "desc" if wanted.descending else "asc",
            },
        )  # fmt: skip


class Watch:
    def __init__(self, render: Renderer, library: Library):
        self._render, self._library = render, library

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        following = self._library.next_after(principal, media)
        self._render.page(
            req, resp, "watch", principal, media=with_details(media, principal),
            next_media=following and as_json(following),
        )  # fmt: skip

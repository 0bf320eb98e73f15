"""/library and /watch/{id}."""

from __future__ import annotations

import falcon

from control.resources.credentials import decision_id
from control.resources.media import DEFAULT_LIMIT, as_json, filters, number, pagination
from control.resources.outcome import required
from control.resources.pages.rendering import Renderer
from control.resources.pages.sign_in import PageSessions
from control.services.decisions import decide
from control.services.library import Library


class Collection:
    def __init__(self, render: Renderer, sessions: PageSessions, library: Library):
        self._render, self._sessions, self._library = render, sessions, library

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, wanted = self._sessions.signed_in(req, resp), filters(req)
        page = self._library.page(principal, wanted, number(req, "page", 1), number(req, "limit", DEFAULT_LIMIT))
        self._render.page(
            resp, "library", principal, items=[as_json(media) for media in page.items], pagination=pagination(page),
            filters={
                "type": wanted.kind or "all", "query": wanted.query or "", "sort": wanted.sort,
                "order": "desc" if wanted.descending else "asc",
            },
        )  # fmt: skip


class Watch:
    def __init__(self, render: Renderer, sessions: PageSessions, library: Library):
        self._render, self._sessions, self._library = render, sessions, library

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal, media = self._sessions.signed_in(req, resp), self._library.find(str(media_id))
        required(decide(principal, "download", media, decision_id(req)))
        following = self._library.next_after(principal, media)
        self._render.page(
            resp, "watch", principal, media=as_json(media), next_media=following and as_json(following)
        )  # fmt: skip

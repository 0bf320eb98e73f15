"""/history: what one has watched and downloaded, and how to have it forgotten."""

from __future__ import annotations

import re

import falcon

from control.errors import BadRequest
from control.resources.credentials import principal_of
from control.resources.history import HistoryQuery, page_of
from control.resources.pages.rendering import Renderer, raise_see_other
from control.services.history import History
from nginx import contract

PATH = "/history"


class OwnHistory:
    def __init__(self, render: Renderer, history: History):
        self._render, self._history = render, history

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        cursor = (req.get_param("cursor") or "")[:400]
        page = page_of(self._history, req, HistoryQuery(cursor=cursor))
        self._render.page(
            req, resp, "history", principal_of(req), entries=page["data"], next_cursor=page["next_cursor"],
            later=bool(cursor), cleared=req.get_param("cleared"),
        )  # fmt: skip

    def on_post_clear(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Of the form: one media, or everything where it names none."""
        form = req.get_media(default_when_empty={})
        media = form.get("media_id", "") if isinstance(form, dict) else ""
        if not isinstance(media, str) or (media and not re.fullmatch(contract.UUID, media)):
            raise BadRequest("media_id: it is the id of a media.")
        self._history.clear(principal_of(req), media or None)
        raise_see_other(resp, f"{PATH}?cleared={'one' if media else 'all'}")

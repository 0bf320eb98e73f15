"""/trash: what one has deleted; static/trash.js does the rest over /api/trash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import falcon

from control.domain.trash import Trashed
from control.resources.credentials import principal_of
from control.resources.pages.rendering import Renderer
from control.resources.trash import DEFAULT_LIMIT, cursor, position, trashed_as_json
from control.services.trash import Trash


class Contents:
    def __init__(self, render: Renderer, trash: Trash):
        self._render, self._trash = render, trash

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, asked, opened = principal_of(req), req.get_param("cursor") or "", datetime.now(UTC)
        page = self._trash.page(principal, DEFAULT_LIMIT, position(asked))
        self._render.page(
            req, resp, "trash", principal, rows=[self._row(one, opened) for one in page.items],
            items=page.contents.items, size_bytes=page.contents.size_bytes, everybody=principal.role == "admin",
            kept_days=self._trash.kept_for.days, older=page.end and cursor(page.end), newest=bool(asked),
            opened=opened.isoformat(),
        )  # fmt: skip

    def _row(self, one: Trashed, now: datetime) -> dict:
        """With the days that are left, begun ones counted."""
        left = self._trash.gone_at(one.at) - now
        return trashed_as_json(self._trash, one) | {"days": max(0, -(-left // timedelta(days=1)))}

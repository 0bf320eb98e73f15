"""/admin/keys and /admin/links: how old the keys are, having new ones made, and what became of links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import falcon

from control.resources.credentials import principal_of
from control.resources.pages.admin.desk import Desk, field, where
from control.services.audit import Audit
from control.services.keys import Keys
from control.services.library import Library

DECISIONS, DECISION_DAYS = 30, 7


class MasterKeys:
    def __init__(self, desk: Desk, keys: Keys):
        self._desk, self._keys = desk, keys

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._page(req, resp)

    def on_post_rotate(self, req: falcon.Request, resp: falcon.Response) -> None:
        by = principal_of(req)
        self._desk.act(
            req, resp, lambda: self._keys.rotate_master(field(req, "seen"), by, **where(req)),
            "/admin/keys?done=rotate", lambda error: self._page(req, resp, error),
        )  # fmt: skip

    def _page(self, req: falcon.Request, resp: falcon.Response, error: dict | None = None) -> None:
        self._desk.page(req, resp, "keys", error=error, master=self._keys.master(), now=datetime.now(UTC))


class Links:
    def __init__(self, desk: Desk, keys: Keys, audit: Audit, library: Library):
        self._desk, self._keys, self._audit, self._library = desk, keys, audit, library

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._page(req, resp)

    def on_post_rotate(self, req: falcon.Request, resp: falcon.Response) -> None:
        by = principal_of(req)
        self._desk.act(
            req, resp, lambda: self._keys.rotate_links(field(req, "seen"), by, **where(req)),
            "/admin/links?done=rotate", lambda error: self._page(req, resp, error),
        )  # fmt: skip

    def _page(self, req: falcon.Request, resp: falcon.Response, error: dict | None = None) -> None:
        found = self._audit.link_decisions(datetime.now(UTC) - timedelta(days=DECISION_DAYS), DECISIONS)
        media = {entry.media_id: self._library.find(entry.media_id) for entry in found if entry.media_id}
        self._desk.page(
            req, resp, "links", error=error, status=self._keys.links(), days=DECISION_DAYS,
            decisions=[(entry, media.get(entry.media_id)) for entry in found],
        )  # fmt: skip

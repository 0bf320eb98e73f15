"""/admin/shares: what everybody shares, and calling it back."""

from __future__ import annotations

from datetime import UTC, datetime

import falcon

from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.pages.admin.desk import Desk, id_field, page_number
from control.resources.pages.own_shares import over
from control.resources.shares import as_json
from control.services.shares import Shares

PATH = "/admin/shares"
PAGE = 50


class Everybodys:
    def __init__(self, desk: Desk, shares: Shares):
        self._desk, self._shares = desk, shares

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._page(req, resp)

    def on_post_revoke(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked = (principal_of(req), id_field(req), client_address(req), decision_id(req))
        self._desk.act(
            req, resp, lambda: self._shares.revoke(*asked), f"{PATH}?done=revoke",
            lambda error: self._page(req, resp, error),
        )  # fmt: skip

    def _page(self, req: falcon.Request, resp: falcon.Response, error: dict | None = None) -> None:
        ended, page, now = req.get_param("ended") == "true", page_number(req), datetime.now(UTC)
        found = [as_json(own) | {"over": over(own, now)} for own in self._shares.of(None)]
        chosen = [share for share in found if bool(share["over"]) == ended]
        self._desk.page(
            req, resp, "shares", error=error, shares=chosen[(page - 1) * PAGE : page * PAGE], ended=ended,
            counts={"live": sum(not share["over"] for share in found), "ended": sum(bool(s["over"]) for s in found)},
            pagination={"total": len(chosen), "page": page, "limit": PAGE, "pages": -(-len(chosen) // PAGE)},
        )  # fmt: skip

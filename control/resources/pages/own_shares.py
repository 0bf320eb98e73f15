"""/shares: what one has shared, and what has become of it; static/shares.js does the rest over /api/shares."""

from __future__ import annotations

from datetime import UTC, datetime

import falcon

from control.errors import NotAllowed
from control.resources.credentials import principal_of
from control.resources.pages.rendering import Renderer
from control.resources.shares import as_json
from control.services.shares import OwnShare, Shares


class OwnShares:
    def __init__(self, render: Renderer, shares: Shares):
        self._render, self._shares = render, shares

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, everybody = principal_of(req), req.get_param("all") == "true"
        if everybody and principal.role != "admin":
            raise NotAllowed()
        found = self._shares.of(None if everybody else principal.user_id)
        self._render.page(
            req, resp, "shares", principal, everybody=everybody,
            shares=[as_json(own) | {"over": over(own, datetime.now(UTC))} for own in found],
        )  # fmt: skip


def over(own: OwnShare, now: datetime) -> str | None:
    """Why it has ended, if it has."""
    if own.share.revoked:
        return "revoked"
    if own.share.over(now):
        return "expired"
    spent = own.share.max_uses is not None and own.use.uses >= own.share.max_uses
    return "spent" if spent else None

"""POST /api/links: mint a stateless signed link."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import falcon
from pydantic import Field

from control.domain.rights import LINK
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import Shape
from control.services.audit import Audit
from control.services.decisions import decide
from control.services.library import Library
from control.services.links import Links


class NewLink(Shape):
    media_id: UUID
    kind: Literal["d", "stream"] = Field(description="d: checked by Nginx alone; stream: checked by control")
    ttl: int | None = Field(None, ge=1, description="Seconds; default: links.default_seconds", examples=[3600])


class LinkShape(Shape):
    url: str
    expires: datetime


class Collection:
    def __init__(self, library: Library, links: Links, audit: Audit):
        self._library, self._links, self._audit = library, links, audit

    @describe("Links", LinkShape, status=201, body=NewLink)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Mint a signed link to an original: whoever has it may fetch the file until it expires."""
        principal, body = principal_of(req), req.context.json
        media = self._library.find(str(body.media_id))
        decision = required(decide(principal, LINK, media, decision_id(req)))
        link = self._links.mint(media, body.kind, body.ttl, principal.role)
        self._audit.record(
            "link_minted", principal, media_id=media.id, address=client_address(req), decision=decision.id,
            reason=body.kind, details={"expires": link.expires.isoformat()},
        )  # fmt: skip
        resp.status = falcon.HTTP_201
        resp.media = {"url": link.url, "expires": link.expires.isoformat(timespec="seconds")}

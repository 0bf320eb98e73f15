"""POST /api/links: mint a stateless signed link."""

from __future__ import annotations

import uuid

import falcon

from control.errors import BadRequest
from control.resources.auth import json_body, text
from control.resources.credentials import client_address, decision_id, signed_in
from control.resources.outcome import required
from control.services.audit import Audit
from control.services.decisions import decide
from control.services.library import Library
from control.services.links import Links
from control.services.sessions import Sessions


class Collection:
    def __init__(self, library: Library, sessions: Sessions, links: Links, audit: Audit):
        self._library, self._sessions, self._links, self._audit = library, sessions, links, audit

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, body = signed_in(req, self._sessions), json_body(req)
        form, ttl = text(body, "kind"), body.get("ttl")
        if form not in ("d", "stream"):
            raise BadRequest("kind must be d or stream.")
        if ttl is not None and (not isinstance(ttl, int) or isinstance(ttl, bool)):
            raise BadRequest("ttl must be a number of seconds.")
        media = self._library.find(media_id(text(body, "media_id")))
        decision = required(decide(principal, "link", media, decision_id(req)))
        link = self._links.mint(media, form, ttl)
        self._audit.record(
            "link_minted", principal, media_id=media.id, address=client_address(req), decision=decision.id,
            reason=form, details={"expires": link.expires.isoformat()},
        )  # fmt: skip
        resp.status = falcon.HTTP_201
        resp.media = {"url": link.url, "expires": link.expires.isoformat(timespec="seconds")}


def media_id(text_id: str) -> str:
    """A media id in its canonical spelling; raises BadRequest."""
    try:
        return str(uuid.UUID(text_id))
    except ValueError:
        raise BadRequest("media_id must be a UUID.") from None

"""POST /api/links, GET /v1/files/signed-url: mint a stateless signed link; GET /get/{encoded_key}: use one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import falcon
from pydantic import Field

from control.domain.media import Media
from control.domain.rights import LINK
from control.errors import MediaNotFound, SignatureInvalid
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.delivery import hand_over_original
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import Shape
from control.services.audit import Audit
from control.services.decisions import decide
from control.services.library import Library
from control.services.links import Form, Links
from control.services.mounts import Mounts
from nginx import contract


class NewLink(Shape):
    media_id: UUID
    kind: Form = Field(description="d: checked by Nginx alone; stream, get: checked by control")
    ttl: int | None = Field(None, ge=1, description="Seconds; default: links.default_seconds", examples=[3600])
    bind: bool = Field(False, description="It opens in the asker's network (/24, of IPv6 /64) alone")


class SignedUrlQuery(Shape):
    key: str = Field(max_length=200, description="What the upload was answered, or media/{id}")
    ttl: int | None = Field(None, ge=1, description="Seconds; default: links.default_seconds")
    bind: bool = False


class LinkShape(Shape):
    url: str
    expires: datetime


class Collection:
    def __init__(self, library: Library, links: Links, audit: Audit):
        self._library, self._links, self._audit = library, links, audit

    @describe("Links", LinkShape, status=201, body=NewLink)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Mint a signed link to an original: whoever has it may fetch the file until it expires."""
        body = req.context.json
        resp.status = falcon.HTTP_201
        resp.media = self._mint(req, self._library.find(str(body.media_id)), body.kind, body)

    @describe("Files", LinkShape, query=SignedUrlQuery)
    def on_get_signed_url(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A signed address of an original, as the upload service's clients ask for it."""
        asked = req.context.query
        resp.media = self._mint(req, self._library.find_by_key(asked.key), "get", asked)

    def _mint(self, req: falcon.Request, media: Media | None, kind: Form, asked: NewLink | SignedUrlQuery) -> dict:
        principal = principal_of(req)
        decision = required(decide(principal, LINK, media, decision_id(req)))
        bind_to = client_address(req) if asked.bind else None
        link = self._links.mint(media, kind, asked.ttl, principal.role, bind_to)
        self._audit.record(
            "link_minted", principal, media_id=media.id, address=client_address(req), decision=decision.id,
            reason=kind, details={"expires": link.expires.isoformat(), "bound": asked.bind},
        )  # fmt: skip
        return {"url": link.url, "expires": link.expires.isoformat(timespec="seconds")}


class SignedFile:
    def __init__(self, library: Library, links: Links, mounts: Mounts):
        self._library, self._links, self._mounts = library, links, mounts

    @describe("Links", also={206: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response, encoded_key: str) -> None:
        """The original behind a signed address of the upload service's kind (HMAC-SHA256), with Range."""
        if not req.env.get("RAW_URI", req.relative_uri).startswith(contract.GET.path + encoded_key + "?"):
            raise SignatureInvalid()  # percent-encoded where nothing need be: a link has one form
        media = self._library.find_by_key(self._links.verify_get(encoded_key, req.query_string, client_address(req)))
        if media is None or not media.has_plain_file:
            raise MediaNotFound()
        self._mounts.must_be_here(media)
        hand_over_original(resp, media)

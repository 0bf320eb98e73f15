"""GET/POST /api/tokens, DELETE /api/tokens/{id}: service tokens of the user's programs."""

from __future__ import annotations

from typing import Annotated

import falcon
from pydantic import Field

from control.domain.rights import Scope
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.shapes import Message, Shape, Tokens, token_shape
from control.services.service_tokens import LONGEST_DAYS, LONGEST_NAME, ServiceTokens


class NewToken(Shape):
    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, examples=["nightly backup"])]
    scopes: Annotated[list[Scope], Field(min_length=1)]
    expires_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = Field(None, description="None: no end")


class Minted(Shape):
    id: str
    token: str = Field(description="Shown now and never again")


class Collection:
    def __init__(self, tokens: ServiceTokens):
        self._tokens = tokens

    @describe("Tokens", Tokens)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """One's live service tokens, with their last use."""
        resp.media = {"tokens": [token_shape(token) for token in self._tokens.of(principal_of(req).user_id)]}

    @describe("Tokens", Minted, status=201, body=NewToken)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Mint a service token; it acts as its owner, within its scopes."""
        principal, body = principal_of(req), req.context.json
        token_id, secret = self._tokens.mint(
            principal, body.name, list(body.scopes), body.expires_days, principal, client_address(req), decision_id(req)
        )
        resp.status = falcon.HTTP_201
        resp.set_header("Cache-Control", "no-store")
        resp.media = {"id": token_id, "token": secret}


class Item:
    def __init__(self, tokens: ServiceTokens):
        self._tokens = tokens

    @describe("Tokens", Message)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, token_id) -> None:
        """Revoke one of one's service tokens, at once."""
        self._tokens.revoke(str(token_id), principal_of(req), client_address(req), decision_id(req))
        resp.media = {"message": "Token revoked"}

"""POST /api/media/batch: one change of several media."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import falcon
from pydantic import Field

from control.domain.batches import LARGEST, Action, Outcome
from control.errors import BadRequest
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.media import Tags
from control.resources.openapi import describe
from control.resources.shapes import Shape
from control.services.batches import Batches


class Batch(Shape):
    media_ids: Annotated[list[UUID], Field(min_length=1, max_length=LARGEST)]
    action: Action
    add: Tags = Field([], description="Tags, for `tag`")
    remove: Tags = Field([], description="Tags to take off, for `tag`")
    visibility: Literal["private", "library", "public"] | None = Field(None, description="For `visibility`")


class RefusedShape(Shape):
    id: UUID
    name: str = Field(description="Empty where one may not know of it")
    code: str = Field(examples=["AUTH_006"])
    reason: str


class OutcomeShape(Shape):
    done: list[UUID]
    refused: list[RefusedShape] = Field(description="What was left as it is, and why")


class Collection:
    def __init__(self, batches: Batches):
        self._batches = batches

    @describe("Library", OutcomeShape, body=Batch)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Do one thing with several media, all at once; those that one may not are named, and left as they are."""
        resp.media = as_json(self._done(req, req.context.json))

    def _done(self, req: falcon.Request, wanted: Batch) -> Outcome:
        asked = (principal_of(req), [str(media_id) for media_id in wanted.media_ids])
        facts = {"address": client_address(req), "decision": decision_id(req)}
        if wanted.action == "trash":
            return self._batches.trash(*asked, **facts)
        if wanted.action == "restore":
            return self._batches.restore(*asked, **facts)
        if wanted.action == "tag":
            _must(wanted.add or wanted.remove, "tag needs tags to add or to remove.")
            return self._batches.tag(*asked, wanted.add, wanted.remove, **facts)
        _must(wanted.visibility, "visibility needs a visibility: private, library or public.")
        return self._batches.show_to(*asked, wanted.visibility, **facts)


def _must(given: object, sentence: str) -> None:
    if not given:
        raise BadRequest(sentence)


def as_json(outcome: Outcome) -> dict:
    return {
        "done": outcome.done,
        "refused": [
            {"id": one.id, "name": one.name, "code": one.code, "reason": one.reason} for one in outcome.refused
        ],
    }

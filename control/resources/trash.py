"""/api/trash: what was deleted and can still be brought back, and POST /api/media/{id}/restore."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import falcon
from pydantic import Field

from control.domain.media import Media
from control.domain.rights import USE_TRASH
from control.domain.trash import Trashed
from control.errors import BadRequest
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.media import as_json as media_as_json
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import MediaShape, Moment, Shape
from control.resources.stills import Still
from control.services.decisions import decide
from control.services.library import Library
from control.services.trash import LARGEST_PAGE, Page, Position, Trash

DEFAULT_LIMIT = 50


class TrashQuery(Shape):
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = DEFAULT_LIMIT
    cursor: Annotated[str, Field(max_length=500)] = Field("", description="`next_cursor` of the page before")


class TrashedShape(Shape):
    id: UUID
    name: str
    type: Literal["video", "audio", "image", "document"]
    size_bytes: int
    owner: str = Field(description="User name; empty where it is nobody's")
    trashed_at: datetime
    trashed_by: str = Field(description="User name; empty for the operator's command")
    gone_at: datetime = Field(description="When it is removed for good")
    picture_url: str | None


class TrashPage(Shape):
    data: list[TrashedShape]
    items: int = Field(description="In the whole trash")
    size_bytes: int = Field(description="Of the whole trash; uploads count against their owner's quota until they go")
    next_cursor: str | None


class Emptied(Shape):
    removed: int


class EmptyQuery(Shape):
    before: Moment | None = Field(None, description="Only what went into the trash before this moment")


class Collection:
    def __init__(self, trash: Trash):
        self._trash = trash

    @describe("Trash", TrashPage, query=TrashQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What one has in the trash, the latest first; administrators see everybody's."""
        asked = req.context.query
        page = self._trash.page(principal_of(req), asked.limit, position(asked.cursor))
        resp.media = as_json(self._trash, page)

    @describe("Trash", Emptied, query=EmptyQuery)
    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Delete for good all that one sees in the trash: nobody brings it back."""
        before = req.context.query.before
        if before is not None and before.tzinfo is None:
            raise BadRequest("before: give its offset from UTC, such as 2026-11-21T08:30:00Z.")
        removed = self._trash.empty(
            principal_of(req), before, address=client_address(req), decision=decision_id(req)
        )  # fmt: skip
        resp.media = {"removed": removed}


class Item:
    def __init__(self, trash: Trash, library: Library, still: Still):
        self._trash, self._library, self._still = trash, library, still

    @describe("Trash", status=204)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Delete something in the trash for good."""
        media = self._decided(req, media_id)
        self._trash.remove(principal_of(req), media, address=client_address(req), decision=decision_id(req))
        resp.status = falcon.HTTP_204

    @describe("Trash", MediaShape)
    def on_post_restore(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Bring something back from the trash, as it was."""
        media = self._decided(req, media_id)
        self._trash.restore(principal_of(req), [media], address=client_address(req), decision=decision_id(req))
        resp.media = media_as_json(media)

    @describe("Trash")
    def on_get_picture(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """The picture of something in the trash, as WebP."""
        media = self._decided(req, media_id)
        self._still.show(resp, media, _picture(media) or "still")

    def _decided(self, req: falcon.Request, media_id) -> Media:
        media = self._library.find(str(media_id))
        required(decide(principal_of(req), USE_TRASH, media, decision_id(req)))
        return media


def as_json(trash: Trash, page: Page) -> dict:
    return {
        "data": [trashed_as_json(trash, one) for one in page.items],
        "items": page.contents.items,
        "size_bytes": page.contents.size_bytes,
        "next_cursor": page.end and cursor(page.end),
    }


def trashed_as_json(trash: Trash, one: Trashed) -> dict:
    media = one.media
    return {
        "id": media.id,
        "name": media.name,
        "type": media.kind,
        "size_bytes": media.size_bytes,
        "owner": one.owner,
        "trashed_at": one.at.isoformat(),
        "trashed_by": one.by,
        "gone_at": trash.gone_at(one.at).isoformat(),
        "picture_url": f"/api/trash/{media.id}/picture?v={media.revision}" if _picture(media) else None,
    }


def _picture(media: Media) -> str | None:
    """Which of its pictures is shown: one that does not move."""
    return next((kind for kind in ("still", "thumbnail") if kind in media.stills), None)


def cursor(end: Position) -> str:
    return base64.urlsafe_b64encode(json.dumps(end).encode()).decode()


def position(text: str) -> Position | None:
    """Raises BadRequest for what is no cursor."""
    if not text:
        return None
    try:
        at, media_id = json.loads(base64.urlsafe_b64decode(text))
    except (binascii.Error, ValueError, TypeError):
        at = media_id = None
    if not isinstance(at, str) or not isinstance(media_id, str):
        raise BadRequest("cursor: it must be the next_cursor of an earlier answer.")
    return at, media_id

"""/api/history: what one has watched and downloaded, and its clearing."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import falcon
from pydantic import Field

from control.errors import BadRequest
from control.resources.credentials import principal_of
from control.resources.openapi import describe
from control.resources.shapes import Shape
from control.services.history import History

LIMIT, MANY = 50, 200


class HistoryQuery(Shape):
    limit: Annotated[int, Field(ge=1, le=MANY)] = LIMIT
    cursor: Annotated[str, Field(max_length=400)] = Field("", description="`next_cursor` of the page before")


class HistoryEntry(Shape):
    media_id: UUID
    name: str | None = Field(description="Null where it is gone, or may not be seen any more")
    type: Literal["video", "audio", "image", "document"] | None
    first_at: datetime
    last_at: datetime
    views: int
    watched_seconds: float
    downloads: int


class HistoryPage(Shape):
    data: list[HistoryEntry]
    next_cursor: str | None


class Cleared(Shape):
    cleared: int


class Collection:
    def __init__(self, history: History):
        self._history = history

    @describe("Own history", HistoryPage, query=HistoryQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What one has watched and downloaded, the newest first."""
        resp.media = page_of(self._history, req, req.context.query)

    @describe("Own history", Cleared)
    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take one's name from everything that shows who watched; numbers without a name stay."""
        resp.media = {"cleared": self._history.clear(principal_of(req))}


class Item:
    def __init__(self, history: History):
        self._history = history

    @describe("Own history", Cleared)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """The same for one media."""
        resp.media = {"cleared": self._history.clear(principal_of(req), str(media_id))}


def page_of(history: History, req: falcon.Request, query: HistoryQuery) -> dict:
    """One page of entries, and where the next one begins. Raises BadRequest for a bad cursor."""
    after = _position(query.cursor) if query.cursor else None
    rows = history.page(principal_of(req), query.limit + 1, after)
    more, rows = len(rows) > query.limit, rows[: query.limit]
    return {"data": [_entry(row) for row in rows], "next_cursor": _cursor(rows[-1]) if more else None}


def _entry(row: dict) -> dict:
    moments = {name: row[name].isoformat() for name in ("first_at", "last_at")}
    found = row | moments | {"watched_seconds": row["watched_ms"] / 1000}
    del found["watched_ms"]
    return found


def _cursor(row: dict) -> str:
    text = json.dumps([row["last_at"].isoformat(), row["media_id"]])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _position(cursor: str) -> tuple[datetime, str]:
    try:
        moment, media = json.loads(base64.urlsafe_b64decode(cursor))
        return datetime.fromisoformat(moment), str(UUID(media))
    except (binascii.Error, ValueError, TypeError, AttributeError):
        raise BadRequest("cursor: it must be the next_cursor of an earlier answer.") from None

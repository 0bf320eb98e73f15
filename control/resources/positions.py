"""/api/media/{id}/position and /api/media/continue: how far one has watched what."""

from __future__ import annotations

from typing import Annotated

import falcon
from pydantic import Field

from control.domain.media import Media
from control.domain.positions import Position
from control.domain.rights import VIEW
from control.domain.sessions import Principal
from control.resources.credentials import decision_id, principal_of
from control.resources.media import as_json
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import BegunMedia, PositionShape, Shape
from control.services.decisions import decide
from control.services.library import Library
from control.services.positions import Positions
from control.storage.sql.library_filters import Filters

_NOWHERE = {"seconds": 0, "duration": None, "finished": False, "updated_at": None}
_Seconds = Annotated[float, Field(ge=0, le=1e7, allow_inf_nan=False)]


class NewPosition(Shape):
    seconds: _Seconds = Field(description="Where the player stands")
    duration: _Seconds = Field(0, description="Of the whole, as far as the player knows")
    finished: bool | None = Field(None, description="Default: 95 % of it, or all but the credits, are finished")


class BegunQuery(Shape):
    limit: Annotated[int, Field(ge=1, le=50)] = 12


def position_json(position: Position | None) -> dict:
    """As scripts get it; of what was never begun, too."""
    if position is None:
        return _NOWHERE
    return {
        "seconds": round(position.seconds, 3),
        "duration": position.duration,
        "finished": position.finished,
        "updated_at": position.updated_at.isoformat(),
    }


def begun_json(found: list[tuple[Media, Position]]) -> list[dict]:
    return [as_json(media) | {"position": position_json(position)} for media, position in found]


class Item:
    def __init__(self, library: Library, positions: Positions):
        self._library, self._positions = library, positions

    @describe("Playing", PositionShape)
    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """How far one has watched it, on whichever device."""
        principal, media = self._asked(req, media_id)
        resp.media = position_json(self._positions.of(principal, [media.id]).get(media.id))

    @describe("Playing", PositionShape, body=NewPosition)
    def on_put(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Say where one is. Players do so every ten seconds and when they stop; the latest word counts."""
        principal, media = self._asked(req, media_id)
        wanted = req.context.json
        resp.media = position_json(
            self._positions.put(principal, media, wanted.seconds, wanted.duration, wanted.finished)
        )

    @describe("Playing", status=204)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """As if one had never begun it."""
        principal, media = self._asked(req, media_id)
        self._positions.forget(principal, media.id)
        resp.status = falcon.HTTP_204

    def _asked(self, req: falcon.Request, media_id) -> tuple[Principal, Media]:
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, VIEW, media, decision_id(req)))
        return principal, media


class Begun:
    def __init__(self, positions: Positions):
        self._positions = positions

    @describe("Playing", BegunMedia, query=BegunQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What one has begun and may still see, the last one first."""
        found = self._positions.begun(principal_of(req), Filters(), req.context.query.limit)
        resp.media = {"data": begun_json(found)}

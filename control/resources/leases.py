"""GET /api/streams, POST /api/streams/{id}/{end,take-over}; GET /api/admin/streams, POST …/{id}/end: who watches."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import falcon
from pydantic import Field

from control.domain.leases import Watching
from control.resources.credentials import client_address, decision_id, device, principal_of
from control.resources.openapi import describe
from control.resources.shapes import Message, Shape
from control.services.leases import Leases
from control.services.sessions import Sessions


class StreamShape(Shape):
    id: UUID
    media_id: UUID
    name: str = Field(description="Of the media")
    type: Literal["video", "audio", "image", "document"]
    device_name: str = Field(examples=["Firefox on Linux"])
    device_type: Literal["desktop", "phone", "tablet", "tv", "script", "player", "visitor"]
    rung: str = Field(description="What is being watched of it: 720p, 480p, source ...")
    since: datetime
    portable: bool = Field(description="A player without a cookie (VLC, a TV)")
    is_current: bool = Field(description="It is this device's own")


class Streams(Shape):
    data: list[StreamShape]


class AnybodysStreamShape(StreamShape):
    user_id: UUID
    username: str = Field(description="Of a share's visitor: the share's owner")
    share_id: UUID | None
    share_name: str | None


class AnybodysStreams(Shape):
    data: list[AnybodysStreamShape]


def stream_shape(one: Watching, session_id: str | None) -> dict:
    grant = one.grant
    return {
        "id": str(UUID(grant.grant)), "media_id": grant.media_id, "name": grant.media_name, "type": grant.media_kind,
        "device_name": grant.device, "device_type": grant.device_type, "rung": one.rung,
        "since": one.since.isoformat(timespec="seconds"), "portable": grant.portable,
        "is_current": session_id is not None and grant.session_id == session_id and not grant.portable,
    }  # fmt: skip


def anybodys_shape(one: Watching, session_id: str | None) -> dict:
    grant = one.grant
    return stream_shape(one, session_id) | {
        "user_id": grant.user_id, "username": grant.username, "share_id": grant.share_id,
        "share_name": grant.share_name,
    }  # fmt: skip


class Collection:
    def __init__(self, leases: Leases):
        self._leases = leases

    @describe("Streams", Streams)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What one watches at this moment, on every device: the streams that a limit counts."""
        principal = principal_of(req)
        resp.media = {"data": [stream_shape(one, principal.session_id) for one in self._leases.of(principal)]}


class Item:
    def __init__(self, leases: Leases, sessions: Sessions):
        self._leases, self._sessions = leases, sessions

    @describe("Streams", status=204)
    def on_post_end(self, req: falcon.Request, resp: falcon.Response, stream_id: UUID) -> None:
        """The player was closed: the stream counts no more. The id of the media that this device plays does, too."""
        self._leases.leave(principal_of(req), stream_id)
        resp.status = falcon.HTTP_204

    @describe("Streams", Message)
    def on_post_take_over(self, req: falcon.Request, resp: falcon.Response, stream_id: UUID) -> None:
        """End one's stream on another device, which is told who has taken it over, and make room for this one."""
        principal = principal_of(req)
        name = self._sessions.device_name(principal) or device(req).name
        self._leases.take_over(principal, stream_id, name, client_address(req), decision_id(req))
        resp.media = {"message": "Taken over: the other device stops with its next key."}


class Administration:
    def __init__(self, leases: Leases):
        self._leases = leases

    @describe("Administration", AnybodysStreams)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What everybody watches at this moment, visitors of shares included."""
        principal = principal_of(req)
        resp.media = {"data": [anybodys_shape(one, principal.session_id) for one in self._leases.all()]}

    @describe("Administration", Message)
    def on_post_end(self, req: falcon.Request, resp: falcon.Response, stream_id: UUID) -> None:
        """End a stream: its film stops at its next key."""
        self._leases.stop(principal_of(req), stream_id, client_address(req), decision_id(req))
        resp.media = {"message": "It stops with its next key."}

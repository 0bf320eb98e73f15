"""What clients send and get, as models: GET /openapi.json is made of them, and tests hold every answer to them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from control.domain.rights import Scope
from control.domain.service_tokens import ServiceToken
from control.domain.sessions import DeviceSession
from control.domain.users import Role

Text = Annotated[str, StringConstraints(max_length=1000)]


def _date(value):
    """A date or a moment (RFC 3339), and no number of seconds."""
    if not isinstance(value, str) or not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("give a date such as 2026-11-21, or a moment such as 2026-11-21T08:30:00Z")
    return value


Moment = Annotated[datetime, BeforeValidator(_date)]


class Shape(BaseModel):
    """Unknown fields are ignored: clients of other versions keep working."""

    model_config = ConfigDict(extra="ignore")


# --- answers that many share ----------------------------------------------------------------------


class ErrorFacts(Shape):
    code: str = Field(description="One of the table in the README, such as AUTH_004", examples=["AUTH_004"])
    message: str = Field(examples=["The session has ended."])
    details: str = Field(description="What to do about it", examples=["Sign in again."])
    timestamp: datetime
    decision: str = Field(description="Names this decision in logs and in `sluice explain`")


class Problem(Shape):
    error: ErrorFacts


class Message(Shape):
    message: str = Field(examples=["Session terminated successfully"])


class UserShape(Shape):
    id: UUID
    username: str
    full_name: str
    email: str | None = None
    role: Role


# --- devices and tokens ---------------------------------------------------------------------------


class DeviceShape(Shape):
    id: UUID
    device_name: str = Field(examples=["Chrome on Mac"])
    device_type: Literal["desktop", "phone", "tablet", "tv", "script", "player"]
    kind: Literal["password", "basic", "external", "portable"] = Field(description="How it signed in")
    ip_address: str
    created_at: datetime
    last_activity: datetime
    is_current: bool


class Devices(Shape):
    sessions: list[DeviceShape]
    max_devices: int


class TooManyDevicesProblem(Problem):
    devices: list[DeviceShape]
    max_devices: int
    choice_token: str = Field(description="Send it with end_sessions to POST /api/auth/login, within five minutes")


class TokenShape(Shape):
    id: UUID
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_address: str


class Tokens(Shape):
    tokens: list[TokenShape]


# --- media ----------------------------------------------------------------------------------------


class MediaFacts(Shape):
    width: int | None
    height: int | None
    duration: float | None = Field(description="Seconds")
    size_bytes: int


class MediaShape(Shape):
    id: UUID
    name: str
    type: Literal["video", "audio", "image", "document"]
    mime: str = Field(description="Of its original, by its content; empty where unknown")
    state: Literal["pending", "processing", "playable", "completed", "failed"]
    progress: float = Field(description="Per cent")
    error: dict[str, Any] | None
    thumbnail_url: str | None
    preview_url: str | None
    still_url: str | None
    storyboard_url: str | None = Field(description="A sheet of small frames: GET /api/media/{id}/storyboard")
    waveform_url: str | None = Field(description="A song's loudness over its length, white on nothing")
    created_at: datetime
    tags: list[str]
    source: Literal["import", "upload", "mount"]
    visibility: Literal["private", "library", "public"]
    owner_id: UUID | None
    delivery: Literal["hls", "image", "file"]
    stream_url: str
    original_url: str | None
    metadata: MediaFacts


class TrackShape(Shape):
    rung: str
    kind: Literal["audio", "subtitles"]
    name: str
    language: str = Field(description="RFC 5646; empty where unknown")
    channels: int
    bandwidth: int
    default: bool
    forced: bool


class DetailedMediaShape(MediaShape):
    tracks: list[TrackShape]
    details: dict[str, Any] = Field(description="What its file says of itself: codecs, tags, chapters, taken_at ...")
    duplicate_of: UUID | None = Field(description="A media with the same content; for administrators")


class Pagination(Shape):
    total: int
    total_is_capped: bool = Field(description="There are more than `total`: large lists are not counted to their end")
    page: int
    limit: int
    pages: int = Field(description="Known so far, where the total is capped: there is always one more while there is")
    next_cursor: str | None = Field(None, description="Where the next page goes on: quicker than its number")


class MediaPage(Shape):
    data: list[MediaShape]
    pagination: Pagination


class PositionShape(Shape):
    seconds: float
    duration: float | None = Field(description="Of the whole; null for what was never begun")
    finished: bool
    updated_at: datetime | None


class PositionedMedia(MediaShape):
    position: PositionShape


class BegunMedia(Shape):
    data: list[PositionedMedia]


class MediaNeighbours(Shape):
    previous: list[DetailedMediaShape] = Field(description="The nearest first")
    next: list[DetailedMediaShape]


# --- from records ---------------------------------------------------------------------------------


def device_shape(device: DeviceSession, current: str | None = None) -> dict:
    return {
        "id": device.id,
        "device_name": device.device_name,
        "device_type": device.device_type,
        "kind": device.kind,
        "ip_address": device.address,
        "created_at": device.created_at.isoformat(),
        "last_activity": device.last_activity_at.isoformat(),
        "is_current": device.id == current,
    }


def token_shape(token: ServiceToken) -> dict:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": token.created_at.isoformat(),
        "expires_at": token.expires_at and token.expires_at.isoformat(),
        "last_used_at": token.last_used_at and token.last_used_at.isoformat(),
        "last_address": token.last_address,
    }

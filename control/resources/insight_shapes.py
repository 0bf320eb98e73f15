"""What /api/analytics/ understands and answers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import falcon
from pydantic import BeforeValidator, Field, ValidationError

from control.domain.insight import Span
from control.errors import BadRequest
from control.resources.shapes import Moment, Shape
from control.services.insight import chosen_span

MANY = 100


def _whole_day(value):
    """A day that ends a range is part of it."""
    if isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return (datetime.fromisoformat(value) + timedelta(days=1)).isoformat()
        except (ValueError, OverflowError):
            return value
    return value


class RangeQuery(Shape):
    range: Literal["24h", "7d", "30d", "custom"] = "7d"
    since: Moment | None = Field(None, alias="from", description="Of a custom range; UTC unless it says otherwise")
    until: Annotated[Moment, BeforeValidator(_whole_day)] | None = Field(
        None, alias="to", description="Its end; a day counts as a whole. Default: now"
    )
    format: Literal["json", "csv"] = "json"

    @property
    def span(self) -> Span:
        """Raises BadRequest."""
        return chosen_span(self.range, _utc(self.since), _utc(self.until), datetime.now(UTC))

    @classmethod
    def of(cls, req: falcon.Request) -> RangeQuery:
        """Of a page's address, where an empty field means none; raises BadRequest, naming the bad one."""
        given = {name: value for name, value in req.params.items() if value and isinstance(value, str)}
        if given.get("range", "7d") != "custom":  # its fields may still be filled in
            given = {name: value for name, value in given.items() if name not in ("from", "to")}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problem = error.errors(include_input=False)[0]
            raise BadRequest(f"{problem['loc'][0]}: {problem['msg']}.") from None


def _utc(moment: datetime | None) -> datetime | None:
    return moment and (moment if moment.tzinfo else moment.replace(tzinfo=UTC))


class ListQuery(RangeQuery):
    limit: Annotated[int, Field(ge=1, le=MANY)] = 20


class PopularQuery(ListQuery):
    type: Literal["all", "video", "audio", "image", "document"] = "all"


class HeatmapQuery(Shape):
    media_id: UUID
    format: Literal["json", "csv"] = "json"


# --- answers --------------------------------------------------------------------------------------


class Ranged(Shape):
    start: datetime = Field(alias="from")
    until: datetime = Field(alias="to")
    step: Literal["hour", "day"]
    timezone: Literal["UTC"]


class Played(Shape):
    viewers: int = Field(description="Different ones in each hour or day, added up")
    views: int = Field(description="Sittings that began, and photos that were looked at")
    portable: int = Field(description="Of these views: players without a cookie")
    shared: int = Field(description="Visitors of shares")
    linked: int = Field(description="Bearers of signed links")
    watched_seconds: float
    downloads: int
    bytes: int


class PopularItem(Played):
    id: UUID
    name: str
    type: Literal["video", "audio", "image", "document"]


class Popular(Ranged):
    data: list[PopularItem]


class Watching(Shape):
    at: datetime
    active_users: int
    sittings: int
    watched_seconds: float


class ActiveUser(Shape):
    id: UUID
    username: str
    watched_seconds: float
    sittings: int
    views: int
    downloads: int


class Engagement(Ranged):
    active_users: int = Field(description="Different ones, without those who have cleared their history since")
    sittings: int
    watched_seconds: float
    median_seconds: float | None = Field(description="Of a sitting, to within about a tenth")
    data: list[Watching]
    users: list[ActiveUser] = Field(description="For administrators")


class Heatmap(Played):
    media_id: UUID
    segment_seconds: int
    segments: list[int] = Field(description="How often each stretch of so many seconds was watched")
    bytes_parts: list[int] = Field(description="How often something of each hundredth of the file was delivered")
    most_replayed: int | None = Field(description="The stretch that stands out, if one does")


class DeliveredKind(Shape):
    at: datetime
    kind: str
    deliveries: int
    bytes: int


class Deliveries(Ranged):
    data: list[DeliveredKind]


class ErrorKind(Shape):
    at: datetime
    kind: str
    status: int
    errors: int


class Errors(Ranged):
    data: list[ErrorKind]


class StoredType(Shape):
    type: str
    state: str
    items: int
    bytes: int


class StoredOf(Shape):
    username: str | None
    items: int
    bytes: int


class Growth(Shape):
    at: datetime
    items: int
    bytes: int


class Storage(Ranged):
    looked_at: datetime | None
    items: int
    bytes: int
    by_type: list[StoredType]
    by_user: list[StoredOf] = Field(description="For administrators")
    data: list[Growth]


class Term(Shape):
    term: str
    searches: int
    without: int = Field(description="Of these, how many found nothing")
    hits: int = Field(description="On average")
    last: datetime


class Searches(Ranged):
    data: list[Term]
    without_hits: list[Term]

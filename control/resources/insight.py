"""/api/analytics/…: what people look at, as JSON or as a file for a spreadsheet. All times are UTC."""

from __future__ import annotations

from datetime import UTC

import falcon

from control.domain.insight import Span
from control.domain.rights import SEE_HEAT
from control.domain.sessions import Principal
from control.resources.credentials import decision_id, principal_of
from control.resources.insight_shapes import (
    DeliveredKind,
    Deliveries,
    Engagement,
    ErrorKind,
    Errors,
    Growth,
    Heatmap,
    HeatmapQuery,
    ListQuery,
    Popular,
    PopularItem,
    PopularQuery,
    RangeQuery,
    Searches,
    Storage,
    Term,
    Watching,
)
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import Shape
from control.resources.spreadsheets import answer_csv
from control.services.decisions import decide
from control.services.insight import Insight
from control.services.library import Library


class Analytics:
    """One class, because each answer is one question to one service."""

    def __init__(self, insight: Insight, library: Library):
        self._insight, self._library = insight, library

    @describe("Insight", Popular, query=PopularQuery)
    def on_get_popular(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What was looked at most, of what the asker may see."""
        query, principal = req.context.query, principal_of(req)
        rows = popular(self._insight, principal, query)
        _answer(resp, query, "popular", {}, rows, PopularItem)

    @describe("Insight", Engagement, query=ListQuery)
    def on_get_engagement(self, req: falcon.Request, resp: falcon.Response) -> None:
        """How many people watched, and how long."""
        query, principal = req.context.query, principal_of(req)
        found = engagement(self._insight, principal, query)
        _answer(resp, query, "engagement", found, found.pop("series"), Watching)

    @describe("Insight", Heatmap, query=HeatmapQuery)
    def on_get_heatmap(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Which parts of a media are watched; for its owner too."""
        query, principal = req.context.query, principal_of(req)
        media = self._library.find(str(query.media_id))
        required(decide(principal, SEE_HEAT, media, decision_id(req)))
        found = heatmap(self._insight, media)
        if query.format == "csv":
            rows = [{"unit": "time", "part": n, "times": times} for n, times in enumerate(found["segments"])]
            rows += [{"unit": "bytes", "part": n, "times": times} for n, times in enumerate(found["bytes_parts"])]
            return answer_csv(resp, "heatmap", ("unit", "part", "times"), rows)
        resp.media = found

    @describe("Insight", Storage, query=RangeQuery)
    def on_get_storage(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What the library holds, and how it has grown."""
        query = req.context.query
        found = storage(self._insight, principal_of(req), query)
        _answer(resp, query, "storage", found, found.pop("growth"), Growth)

    @describe("Insight", Searches, query=ListQuery)
    def on_get_searches(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What was looked for, by whomever, and what was not found."""
        query = req.context.query
        found = searches(self._insight, query)
        _answer(resp, query, "searches", found, found.pop("terms"), Term)

    @describe("Insight", Deliveries, query=RangeQuery)
    def on_get_deliveries(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What left and came, by kind."""
        query = req.context.query
        _answer(resp, query, "deliveries", {}, timed(self._insight.deliveries(query.span)), DeliveredKind)

    @describe("Insight", Errors, query=RangeQuery)
    def on_get_errors(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What was refused or failed, by kind and status."""
        query = req.context.query
        _answer(resp, query, "errors", {}, timed(self._insight.errors(query.span)), ErrorKind)


def _answer(resp, query: RangeQuery, name: str, facts: dict, rows: list[dict], shape: type[Shape]) -> None:
    if query.format == "csv":
        own = [field for field in shape.model_fields if field in shape.__annotations__]  # what it is, then its sums
        return answer_csv(resp, name, [*own, *(field for field in shape.model_fields if field not in own)], rows)
    resp.media = range_shape(query.span) | facts | {"data": rows}


def range_shape(span: Span) -> dict:
    return {
        "from": span.start.isoformat(), "to": span.end.isoformat(), "step": "hour" if span.grain == "h" else "day",
        "timezone": "UTC",
    }  # fmt: skip


# --- rows as they are shown, here and on the pages ------------------------------------------------


def popular(insight: Insight, principal: Principal, query: PopularQuery) -> list[dict]:
    kind = None if query.type == "all" else query.type
    return [_seconds(row) for row in insight.popular(principal, query.span, kind, query.limit)]


def engagement(insight: Insight, principal: Principal, query: ListQuery) -> dict:
    found = insight.engagement(principal, query.span, query.limit)
    series = [_seconds({**row, "active_users": row["active"]}) for row in timed(found["series"])]
    for row in series:
        del row["active"]
    return found | {"series": series, "users": [_seconds(_without(row, "user_id")) for row in found["users"]]}


def heatmap(insight: Insight, media) -> dict:
    return {"media_id": media.id} | _seconds(insight.heatmap(media))


def storage(insight: Insight, principal: Principal, query: RangeQuery) -> dict:
    found = insight.storage(principal, query.span)
    looked_at = found["looked_at"]
    return found | {
        "looked_at": looked_at and looked_at.isoformat(), "growth": timed(found["growth"]),
        "by_type": [_without(row, "looked_at") for row in found["by_type"]],
    }  # fmt: skip


def searches(insight: Insight, query: ListQuery) -> dict:
    return {name: timed(rows, "last") for name, rows in insight.searches(query.span, query.limit).items()}


def timed(rows: list[dict], column: str = "at") -> list[dict]:
    return [row | {column: row[column].astimezone(UTC).isoformat()} for row in rows]


def _seconds(row: dict) -> dict:
    return _without(row, "watched_ms", "media_id") | {"watched_seconds": row["watched_ms"] / 1000}


def _without(row: dict, *names: str) -> dict:
    return {name: value for name, value in row.items() if name not in names}

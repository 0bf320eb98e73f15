"""/analytics: what people look at; /analytics/media/{id}: which parts of one media."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import falcon

from control.domain.insight import AREAS, Span
from control.domain.rights import SEE_HEAT
from control.resources.credentials import decision_id, principal_of
from control.resources.insight import engagement, heatmap, popular, searches, storage
from control.resources.insight_shapes import PopularQuery
from control.resources.media import as_json
from control.resources.outcome import required
from control.resources.pages.rendering import Renderer
from control.services.decisions import decide
from control.services.insight import Insight
from control.services.library import Library

_SHOWN = 12  # rows of a list

# What one chart can tell apart.
_GROUPS = {
    "Films and songs": {"segment", "playlist", "key"},
    "Pictures": {"picture", "still"},
    "Files": {"original", "link", "stream", "get", "zip", "share"},
    "Uploads": {"upload"},
}


class Overview:
    def __init__(self, render: Renderer, insight: Insight):
        self._render, self._insight = render, insight

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, query = principal_of(req), PopularQuery.of(req).model_copy(update={"limit": _SHOWN})
        span, insight = query.span, self._insight
        delivered, errors = insight.deliveries(span), insight.errors(span)
        self._render.page(
            req, resp, "analytics", principal, range=query.range, span=span, asked=_asked(req),
            query_string=_query_string(req), popular=popular(insight, principal, query),
            engagement=_with_every_step(engagement(insight, principal, query), span),
            delivered=_by_kind(delivered), delivered_series=_grouped(delivered, span),
            errors=_by_status(errors), errors_series=_errors_series(errors, span),
            storage=_dated(storage(insight, principal, query)), searches=searches(insight, query), areas=AREAS,
        )  # fmt: skip


class Item:
    def __init__(self, render: Renderer, insight: Insight, library: Library):
        self._render, self._insight, self._library = render, insight, library

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, SEE_HEAT, media, decision_id(req)))
        found = heatmap(self._insight, media)
        self._render.page(
            req, resp, "analytics_media", principal, media=as_json(media), heat=found,
            strips=[
                {"unit": unit, "parts": parts, "most": max(parts)}
                for unit, parts in (("time", found["segments"]), ("bytes", found["bytes_parts"]))
                if parts
            ],
        )  # fmt: skip


def _asked(req: falcon.Request) -> dict[str, str]:
    """The fields of a custom range, as they came."""
    return {name: (req.get_param(name) or "")[:10] for name in ("from", "to")}


def _query_string(req: falcon.Request) -> str:
    """The range, for the addresses of the same as CSV."""
    asked = {name: req.get_param(name) for name in ("range", "from", "to") if req.get_param(name)}
    return "&".join(f"{name}={falcon.uri.encode_value(value)}" for name, value in asked.items())


# --- series with every step of the span, for the charts -------------------------------------------


def _steps(span: Span) -> Iterator[datetime]:
    at = span.start
    while at < span.end:
        yield at
        at += timedelta(hours=1) if span.grain == "h" else timedelta(days=1)


def _with_every_step(found: dict, span: Span) -> dict:
    rows = {row["at"]: row for row in found["series"]}
    nothing = {"active_users": 0, "watched_seconds": 0, "sittings": 0}
    return found | {"series": [nothing | rows.get(at.isoformat(), {}) | {"at": at} for at in _steps(span)]}


def _dated(found: dict) -> dict:
    growth = [row | {"epoch": int(datetime.fromisoformat(row["at"]).timestamp())} for row in found["growth"]]
    return found | {"growth": growth}


def _grouped(rows: list[dict], span: Span) -> dict:
    """{"names", "rows": [(at, bytes of each group)]}"""
    group_of = {kind: name for name, kinds in _GROUPS.items() for kind in kinds}
    sums = Counter()
    for row in rows:
        if row["kind"] in group_of:
            sums[row["at"].astimezone(UTC), group_of[row["kind"]]] += row["bytes"]
    return {"names": list(_GROUPS), "rows": [(at, [sums[at, name] for name in _GROUPS]) for at in _steps(span)]}


def _errors_series(rows: list[dict], span: Span) -> list[tuple[datetime, int, int]]:
    """(at, refused (4xx), failed (5xx))"""
    sums = Counter()
    for row in rows:
        sums[row["at"].astimezone(UTC), row["status"] >= 500] += row["errors"]
    return [(at, sums[at, False], sums[at, True]) for at in _steps(span)]


def _by_kind(rows: list[dict]) -> list[dict]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        sums[row["kind"]][0] += row["deliveries"]
        sums[row["kind"]][1] += row["bytes"]
    found = [{"kind": kind, "deliveries": count, "bytes": size} for kind, (count, size) in sums.items()]
    return sorted(found, key=lambda row: (-row["bytes"], row["kind"]))


def _by_status(rows: list[dict]) -> list[dict]:
    sums = Counter()
    for row in rows:
        sums[row["kind"], row["status"]] += row["errors"]
    return [{"kind": kind, "status": status, "errors": count} for (kind, status), count in sums.most_common()]

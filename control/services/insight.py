"""Insight: what people look at, from sums of receipts. No one's name but for administrators."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from control.domain.insight import (
    HEAT_MS,
    HEAT_PARTS,
    HOURLY,
    HOURS_KEPT,
    LONGEST_SPAN,
    Span,
    lately,
    median_length,
    span,
)
from control.domain.media import Media
from control.domain.sessions import Principal
from control.errors import BadRequest, DatabaseUnavailable

LONGEST_TERM = 100  # characters
_MANY_TERMS = 1000  # that wait to be written
_MOST_OWNERS = 20
_STANDS_OUT = 1.5  # times the average: what is replayed, and not just watched


def chosen_span(name: str, start: datetime | None, end: datetime | None, now: datetime) -> Span:
    """Of a range's name and, where it is custom, its ends; raises BadRequest."""
    if name != "custom":
        if start or end:
            raise BadRequest("from, to: they belong to range=custom.")
        return lately(name, now)
    if start is None:
        raise BadRequest("from: a custom range needs its beginning.")
    end = end or now
    if not start < end:
        raise BadRequest("from, to: the range must begin before it ends.")
    if end - start > LONGEST_SPAN:
        raise BadRequest(f"from, to: a range is {LONGEST_SPAN.days} days long at most.")
    recent = start > now - HOURS_KEPT + timedelta(hours=1)
    return span(start, end, "h" if recent and end - start <= HOURLY else "d")


class Insight:
    def __init__(self, store):
        self._store = store
        self._searches: dict[tuple[datetime, str], Counter] = {}

    def popular(self, principal: Principal, span: Span, kind: str | None, limit: int) -> list[dict]:
        """What was looked at most, of what `principal` may see."""
        return self._store.popular(span, kind, principal.role == "admin", principal.user_id, limit)

    def engagement(self, principal: Principal, span: Span, limit: int) -> dict:
        """How many watched, and how long; who they are, only administrators learn."""
        series = self._store.watching(span)
        return {
            "active_users": self._store.active_users(span),
            "sittings": sum(row["sittings"] for row in series),
            "watched_seconds": sum(row["watched_ms"] for row in series) / 1000,
            "median_seconds": median_length(self._store.lengths(span)),
            "series": series,
            "users": self._store.most_active(span, limit) if principal.role == "admin" else [],
        }

    def heatmap(self, media: Media) -> dict:
        """How often each part of it was watched (by time) and delivered (by bytes)."""
        heat, of = self._store.heat(media.id), self._store.of_media(media.id)
        parts = -(-round((media.duration or 0) * 1000) // HEAT_MS)
        segments = _filled(heat["s"], max(parts, max(heat["s"], default=-1) + 1) if heat["s"] else 0)
        return of | {
            "segment_seconds": HEAT_MS // 1000,
            "segments": segments,
            "bytes_parts": _filled(heat["b"], HEAT_PARTS if heat["b"] else 0),
            "most_replayed": most_replayed(segments),
        }

    def deliveries(self, span: Span) -> list[dict]:
        return self._store.deliveries(span)

    def errors(self, span: Span) -> list[dict]:
        return self._store.errors(span)

    def storage(self, principal: Principal, span: Span) -> dict:
        """What the library holds, and how it has grown; whose it is, only administrators learn."""
        found = self._store.storage()
        return {
            "looked_at": max((row["looked_at"] for row in found), default=None),
            "items": sum(row["items"] for row in found),
            "bytes": sum(row["bytes"] for row in found),
            "by_type": found,
            "by_user": self._store.owners(_MOST_OWNERS) if principal.role == "admin" else [],
            "growth": self._store.growth(span.days),
        }

    def searches(self, span: Span, limit: int) -> dict:
        return {
            "terms": self._store.searches(span.days, False, limit),
            "without_hits": self._store.searches(span.days, True, limit),
        }

    # --- searches are noted, and written behind ---------------------------------------------------------

    def searched(self, words: str, hits: int) -> None:
        """Somebody has searched; who, is not kept."""
        term = " ".join(words.lower().split())[:LONGEST_TERM]
        key = (datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0), term)
        if term and (key in self._searches or len(self._searches) < _MANY_TERMS):
            counts = self._searches.setdefault(key, Counter())
            counts.update({"searches": 1, "hits": hits, "without": int(not hits)})

    def write_searches(self) -> None:
        """Raises DatabaseUnavailable, and then what could not be written waits; what never can be is dropped."""
        if not self._searches:
            return
        taken, self._searches = self._searches, {}
        try:
            self._store.add_searches(
                (day, term, counts["searches"], counts["hits"], counts["without"])
                for (day, term), counts in taken.items()
            )
        except DatabaseUnavailable:
            for key, counts in taken.items():
                self._searches.setdefault(key, Counter()).update(counts)
            raise


def most_replayed(segments: list[int]) -> int | None:
    """The part that stands out: watched twice at least, and well above the average of what was watched."""
    most = max(segments, default=0)
    seen = [times for times in segments if times]
    if most < 2 or len(seen) < 2 or most < _STANDS_OUT * sum(seen) / len(seen):
        return None
    return segments.index(most)


def _filled(parts: dict[int, int], count: int) -> list[int]:
    return [parts.get(number, 0) for number in range(count)]

"""Insight: what is summed up of deliveries, and over which spans of time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from control.domain.receipts import KINDS

Grain = Literal["h", "d"]
Via = Literal["account", "portable", "share", "link"]

# Whatever goes through Nginx, by its address. Errors may also be a page's or the API's.
TRAFFIC = {
    **KINDS,
    "upload": "an upload, or a part of one",
    "session": "a sign-in, or its renewal",
}
AREAS = {**TRAFFIC, "api": "the API", "page": "a page, or an address that nothing is at"}

HEAT_MS = 10_000  # of film in one part of a heatmap
HEAT_PARTS = 100  # of a file
HOURS_KEPT = timedelta(days=4)
HOURLY = timedelta(hours=48)  # a longer span is told by days
LONGEST_SPAN = timedelta(days=400)
_STEPS: dict[Grain, timedelta] = {"h": timedelta(hours=1), "d": timedelta(days=1)}
SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}

# Ends of the classes of lengths, in seconds: by ten up to two minutes, then each a quarter longer, up to a day.
LENGTHS = [*range(10, 121, 10)]
while LENGTHS[-1] < 86400:
    LENGTHS.append(round(LENGTHS[-1] * 1.25))


def length_class(milliseconds: int) -> int:
    """Which of LENGTHS holds a sitting of that length: the index of its end."""
    return min(bisect_left(LENGTHS, milliseconds / 1000), len(LENGTHS) - 1)


def median_length(classes: dict[int, int]) -> float | None:
    """Seconds of the middle one of so many sittings by class, as if they lay evenly in theirs; None of none."""
    middle, passed = sum(classes.values()) / 2, 0
    for index in sorted(classes):
        if classes[index] and passed + classes[index] >= middle:
            begin = LENGTHS[index - 1] if index else 0
            return round(begin + (LENGTHS[index] - begin) * (middle - passed) / classes[index], 1)
        passed += classes[index]
    return None


@dataclass(frozen=True, slots=True)
class Span:
    """[start, end) in whole hours or days of UTC."""

    grain: Grain
    start: datetime
    end: datetime

    @property
    def last(self) -> datetime:
        """The last moment of it."""
        return self.end - timedelta(microseconds=1)

    @property
    def days(self) -> Span:
        """The same by days."""
        return span(self.start, self.end, "d")

    def weeks(self, since: datetime) -> tuple[datetime, datetime]:
        """The Mondays that its whole weeks begin and end with, none before `since`; its end twice where it has none."""
        first = week_of(max(self.start, since) + timedelta(days=7) - timedelta(microseconds=1))
        last = week_of(self.end)
        return (first, last) if self.grain == "d" and first < last else (self.end, self.end)

    @property
    def steps(self) -> Iterator[Span]:
        """Each hour or day of it."""
        at = self.start
        while at < self.end:
            yield Span(self.grain, at, at + _STEPS[self.grain])
            at += _STEPS[self.grain]


def span(start: datetime, end: datetime, grain: Grain) -> Span:
    """The whole hours or days that hold [start, end)."""
    return Span(grain, _floor(start, grain), _floor(end - timedelta(microseconds=1), grain) + _STEPS[grain])


def lately(name: str, now: datetime) -> Span:
    """One of SPANS: so many hours or days, with the one that `now` is in."""
    grain: Grain = "h" if name == "24h" else "d"
    return span(now - SPANS[name] + _STEPS[grain], now, grain)


def week_of(moment: datetime) -> datetime:
    """Its Monday."""
    day = _floor(moment, "d")
    return day - timedelta(days=day.weekday())


def without(one: Span, other: Span) -> list[Span]:
    """The parts of `one` that do not lie in `other`."""
    before = Span(one.grain, one.start, min(one.end, other.start))
    after = Span(one.grain, max(one.start, other.end), one.end)
    return [part for part in (before, after) if part.start < part.end]


def _floor(moment: datetime, grain: Grain) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0, **({"hour": 0} if grain == "d" else {}))

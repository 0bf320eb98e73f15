"""Insight the slow way: one receipt after the other, nothing remembered but plain dictionaries, nothing in batches.

Written against the words of the page "How this is counted", not against control.domain.watching.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from control.domain.receipts import DOWNLOADS

SEGMENT, PERIOD = 10, 60  # seconds


@dataclass
class Film:
    """One grant's player."""

    asked: int = -1
    fetched: list[int] = field(default_factory=list)  # segments that wait
    spent: float = 0  # the time up to which something was watched
    seen: int = 0
    last: int | None = None
    counted: int = 0
    sat: int = 0


class Recount:
    def __init__(self, media_seconds: float = 0, media_kind: str = "video"):
        self._seconds, self._kind = media_seconds, media_kind
        self.deliveries: Counter = Counter()  # (hour, kind)
        self.bytes: Counter = Counter()
        self.views: Counter = Counter()  # (hour, media)
        self.viewers_by_day: Counter = Counter()  # (day, media)
        self.watched: Counter = Counter()  # (hour, media): milliseconds
        self.downloads: Counter = Counter()
        self.heat: Counter = Counter()  # (media, unit, part)
        self.history: dict = defaultdict(lambda: [0, 0, 0])  # (user, media): views, milliseconds, downloads
        self._films: dict[str, Film] = defaultdict(Film)
        self._seen_by: dict = {}  # (user, media) -> day

    def take(self, row: dict) -> None:
        second = int(row["at"].timestamp())
        if row["status"] not in (200, 206):
            return
        self.deliveries[second // 3600, row["kind"]] += 1
        self.bytes[second // 3600, row["kind"]] += row["bytes"]
        if row["kind"] == "segment" and row["complete"]:
            self._segment(row, second)
        elif row["kind"] == "key":
            film = self._film(row, second)
            film.asked = max(film.asked, row["segment"])
            self._pass(row, film, second)
        elif row["kind"] in DOWNLOADS:
            self._file(row, second)

    def _film(self, row: dict, second: int) -> Film:
        film = self._films[row["grant_id"]]
        if second - film.seen > 1800:
            film.fetched, film.sat, film.last = [], 0, None
        film.seen = max(film.seen, second)
        return film

    def _segment(self, row: dict, second: int) -> None:
        film, number = self._film(row, second), row["segment"]
        self._pass(row, film, second)
        if film.fetched and abs(number - film.fetched[-1]) > 3:
            film.fetched = []
        if number == film.last or number in film.fetched:
            return
        if not film.fetched:
            film.spent = max(film.spent, second - SEGMENT)
        film.fetched.append(number)
        self._pass(row, film, second)

    def _pass(self, row: dict, film: Film, second: int) -> None:
        while film.fetched and film.fetched[0] * SEGMENT // PERIOD <= film.asked and film.spent + SEGMENT <= second:
            number = film.fetched.pop(0)
            film.spent, film.last = film.spent + SEGMENT, number
            self.heat[row["media_id"], "s", number] += 1
            self._add(row, second, SEGMENT * 1000, film.sat == 0, film)
            film.sat += SEGMENT

    def _file(self, row: dict, second: int) -> None:
        start, end, size, media = row["range_start"], row["range_end"], row["size"], row["media_id"]
        for part in range(100):
            if start * 100 < (part + 1) * size and end * 100 > part * size and end > start:
                self.heat[media, "b", part] += 1
        if row["status"] == 200 and end - start == size:
            self.downloads[second // 3600, media] += 1
            if row["user_id"] and row["kind"] == "original":
                self.history[row["user_id"], media][2] += 1
        if row["status"] == 206 and end > start and self._kind in ("video", "audio"):
            watched = min(int(self._seconds * 1000) * (end - start) // size, round(row["seconds"] * 1000))
            if watched or start == 0:
                self._add(row if row["kind"] == "original" else {**row, "user_id": None}, second, watched, start == 0)

    def _add(self, row: dict, second: int, watched: int, begins: bool, film: Film | None = None) -> None:
        hour, day, media, user = second // 3600, second // 86400, row["media_id"], row["user_id"]
        self.watched[hour, media] += watched
        self.views[hour, media] += begins
        if user:
            new = self._seen_by.get((user, media), -1) < day
            self._seen_by[user, media] = max(self._seen_by.get((user, media), -1), day)
            past = self.history[user, media]
            past[0] += begins
            past[1] += watched
        else:
            new = film.counted < day if film else begins
        if film:
            film.counted = max(film.counted, day)
        self.viewers_by_day[day, media] += new

    def sums(self, media: str) -> dict:
        """In the shape of :func:`sums`."""
        hours = {hour for hour, _ in self.deliveries}
        return {
            "hours": {
                hour: (self.views[hour, media], self.watched[hour, media], self.downloads[hour, media],
                       sum(count for (at, _), count in self.bytes.items() if at == hour))
                for hour in hours
            },
            "heat": {(unit, part): times for (_, unit, part), times in self.heat.items()},
            "history": {user: tuple(numbers) for (user, _), numbers in self.history.items()},
            "viewers": {day: viewers for (day, _), viewers in self.viewers_by_day.items() if viewers},
        }  # fmt: skip


def astray(database) -> list[dict]:
    """Running sums and weeks that are not what their rows add up to, and those that are missing."""
    return _astray(database, "media", "media_id", "views, watched_ms, downloads") + _astray(
        database, "users", "user_id", "watched_ms, views, sittings, downloads"
    )


def _astray(database, subject: str, key: str, columns: str) -> list[dict]:
    summed = ", ".join(f"sum({column})" for column in columns.split(", "))
    something = f"({columns.replace(',', ' +')}) > 0"
    return database.all(
        f"""WITH told AS (SELECT span, {key}, {columns} FROM insight_{subject}_lately
                    UNION ALL SELECT at::text, {key}, {columns} FROM insight_{subject}_weeks),
                added AS (SELECT span, {key}, {summed} FROM insight_spans JOIN insight_{subject} USING (grain)
                    WHERE subject = '{subject}' AND at >= start AND at < stop AND {something} GROUP BY span, {key}
                    UNION ALL SELECT date_trunc('week', at, 'UTC')::text, {key}, {summed} FROM insight_{subject}
                    WHERE grain = 'd' AND {something} AND date_trunc('week', at, 'UTC') >= (
                        SELECT start FROM insight_spans WHERE subject = '{subject}' AND span = 'all')
                    GROUP BY 1, {key})
            (TABLE told EXCEPT ALL TABLE added) UNION ALL (TABLE added EXCEPT ALL TABLE told)"""
    )


def sums(database, media: str) -> dict:
    """What the rollups say of a media of which alone a Recount has heard."""

    def rows(asked: str) -> list[tuple]:
        return [tuple(row.values()) for row in database.all(asked, [media])]

    hours = "SELECT at, views, watched_ms, downloads, bytes FROM insight_media WHERE grain = 'h' AND media_id = %s"
    days = "SELECT at, viewers FROM insight_media WHERE grain = 'd' AND viewers > 0 AND media_id = %s"
    heat = "SELECT unit, part, times FROM insight_heat WHERE media_id = %s"
    history = "SELECT user_id::text, views, watched_ms, downloads FROM history WHERE media_id = %s"
    return {
        "hours": {int(at.timestamp()) // 3600: tuple(numbers) for at, *numbers in rows(hours)},
        "heat": {(unit, part): times for unit, part, times in rows(heat)},
        "history": {user: tuple(numbers) for user, *numbers in rows(history)},
        "viewers": {int(at.timestamp()) // 86400: viewers for at, viewers in rows(days)},
    }

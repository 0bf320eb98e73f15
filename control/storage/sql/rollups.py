"""Receipts -> the sums of insight, in the receipts' own transaction: each one is counted once, whatever is killed.

So many statements for each batch, whatever is in it: the cost of a receipt does not depend on how many there were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from control.domain.insight import HEAT_MS, HEAT_PARTS, length_class
from control.domain.receipts import DOWNLOADS, Aside, Beat, Receipt
from control.domain.watching import Piece, Viewing, Watched
from control.storage.sql import lately
from control.storage.sql.lately import MEDIA, USERS
from control.storage.sql.sums import Collected, Sums, day_of
from control.storage.sql.viewings import (
    Past,
    alive,
    cleared,
    history,
    media_facts,
    viewings,
    write_history,
    write_viewings,
)

DELIVERIES = Sums("insight_deliveries", {"kind": "text"}, ("deliveries", "bytes"))
ERRORS = Sums("insight_errors", {"kind": "text", "status": "int"}, ("errors",))
WATCHING = Sums("insight_watching", {}, ("active", "watched_ms", "sittings"), distinct=True)
LENGTHS = Sums("insight_lengths", {"length": "int"}, ("sittings",))
HEAT = Sums("insight_heat", {"media_id": "uuid", "unit": "text", "part": "int"}, ("times",), timed=False)

VIEWERS, VIEWS, PORTABLE, SHARED, LINKED, WATCHED_MS, DOWNLOADED, BYTES = range(8)
_VIA = {"portable": PORTABLE, "share": SHARED, "link": LINKED}
_SIGNED_IN = frozenset({"segment", "key", "original", "picture"})  # kinds whose receipts name who watches
_IMAGE = "image"  # the "rung" of a picture's key
_FILES = frozenset(DOWNLOADS)


@dataclass(frozen=True, slots=True)
class Holder:
    """Of a grant. Visitors of a share are nobody: the grant's user is the share's owner."""

    user_id: str | None
    via: str


STRANGER = Holder(None, "account")


class Rollups:
    """`piece(media, rung, number)` says where a segment lies in its film."""

    def __init__(self, piece: Callable[[str, str, int], Piece]):
        self._piece = piece

    def __call__(
        self, connection: psycopg.Connection, receipts: list[Receipt], holders: dict[str, Holder], aside: Aside
    ) -> None:
        batch = _Batch(connection, receipts, holders, aside.beats, self._piece)
        beats = iter(aside.beats)
        beat = next(beats, None)
        for number, receipt in enumerate(receipts):
            while beat is not None and beat.after <= number:
                batch.beat(beat)
                beat = next(beats, None)
            batch.take(receipt)
        while beat is not None:
            batch.beat(beat)
            beat = next(beats, None)
        batch.note(aside)
        batch.write()


class _Batch:
    def __init__(self, connection, receipts, holders, beats, piece):  # noqa: ANN001 (see Rollups)
        self._connection, self._holders, self._piece = connection, holders, piece
        self._spans = lately.held(connection)
        self._deliveries, self._errors, self._media = Collected(DELIVERIES), Collected(ERRORS), Collected(MEDIA.of)
        self._users, self._watching, self._lengths = Collected(USERS.of), Collected(WATCHING), Collected(LENGTHS)
        self._heat = Collected(HEAT)
        self._steps: dict[str, list[int]] = {}  # media -> how many parts of it begin, less those that have ended
        self._kinds = media_facts(connection, {one.media_id for one in receipts if one.media_id})
        names = {one.user_id for one in receipts if one.user_id} | {beat.user_id for beat in beats}
        self._cleared = cleared(connection, names)
        self._known = alive(connection, names)
        watching = {one.grant_id for one in receipts if one.kind in ("segment", "key") and one.grant_id}
        self._viewings = viewings(connection, watching, beats)
        pairs = {(one.user_id, one.media_id) for one in receipts if one.user_id in self._known and one.media_id}
        pairs |= {(one.user_id, one.media_id) for one in self._viewings.values() if one.user_id in self._known}
        self._history = history(connection, pairs)
        self._changed: set[str] = set()

    # --- one receipt ----------------------------------------------------------------------------------

    def take(self, receipt: Receipt) -> None:
        if receipt.status not in (200, 206):
            return
        second, media, kind = int(receipt.at.timestamp()), receipt.media_id, receipt.kind
        hour = second // 3600
        numbers = self._deliveries.of(hour, kind)
        numbers[0] += 1
        numbers[1] += receipt.bytes
        if media is None:
            return
        self._media.of(hour, media)[BYTES] += receipt.bytes
        if kind == "segment":
            if receipt.complete and receipt.range_start == 0 and receipt.grant_id:
                self._segment(receipt, second)
        elif kind == "key":
            self._key(receipt, second)
        elif kind in _FILES:
            self._file(receipt, second)

    def _segment(self, receipt: Receipt, second: int) -> None:
        rung, of = receipt.rung or "", self._kinds.get(receipt.media_id, (None, 0))[0]
        if receipt.segment is None or rung.startswith("text") or (of == "video" and rung.startswith("audio")):
            return  # what is heard or read beside the picture is no second look at it
        viewing, holder = self._viewing(receipt, second)
        piece = self._piece(receipt.media_id, rung, receipt.segment)
        self._count(viewing, second, holder.via, viewing.deliver(second, piece))

    def _key(self, receipt: Receipt, second: int) -> None:
        if receipt.rung == _IMAGE:  # a picture is looked at when its key is asked for
            self._viewed(receipt, second, self._holders.get(receipt.grant_id or "", STRANGER).via, 0, True)
        elif receipt.grant_id and receipt.segment is not None and not (receipt.rung or "").startswith("text"):
            viewing, holder = self._viewing(receipt, second)
            self._count(viewing, second, holder.via, viewing.ask(second, receipt.segment))

    def _file(self, receipt: Receipt, second: int) -> None:
        size, start, end = receipt.size, receipt.range_start, receipt.range_end
        if not size or end <= start:
            return
        media, user = receipt.media_id, self._person(receipt, second)
        steps = self._steps.setdefault(media, [0] * (HEAT_PARTS + 1))
        steps[start * HEAT_PARTS // size] += 1
        steps[min(-(-end * HEAT_PARTS // size), HEAT_PARTS)] -= 1
        if receipt.status == 200 and start == 0 and end >= size:
            self._media.of(second // 3600, media)[DOWNLOADED] += 1
            if user:
                self._past(user, media, second).downloads += 1
                self._users.of(second // 3600, user)[3] += 1
        of, length = self._kinds.get(media, (None, 0))
        if receipt.status == 206 and of in ("video", "audio"):
            # Players ask for ranges: as much of it as was delivered, in no less time than it took.
            watched = min(length * (end - start) // size, round(receipt.seconds * 1000))
            via = "share" if receipt.kind == "share" else "account" if receipt.kind == "original" else "link"
            if start == 0 or watched:
                self._viewed(receipt, second, via, watched, start == 0)

    def beat(self, beat: Beat) -> None:
        second = int(beat.at.timestamp())
        for viewing in self._viewings.values():
            if (viewing.user_id, viewing.media_id) == (beat.user_id, beat.media_id):
                self._changed.add(viewing.id)
                self._count(viewing, second, "account", viewing.beat(second))

    def note(self, aside: Aside) -> None:
        for key, count in aside.errors.items():
            self._errors.of(*key)[0] += count
        for key, count in aside.arrived.items():
            numbers = self._deliveries.of(*key)
            numbers[0] += count
            numbers[1] += aside.arrived_bytes[key]

    # --- what was watched -----------------------------------------------------------------------------

    def _viewing(self, receipt: Receipt, second: int) -> tuple[Viewing, Holder]:
        grant = receipt.grant_id
        viewing = self._viewings.get(grant)
        if viewing is None:
            viewing = self._viewings[grant] = Viewing(grant, receipt.media_id)
        holder = self._holders.get(grant, STRANGER)
        viewing.user_id = self._person(receipt, second)
        self._changed.add(grant)
        return viewing, holder

    def _count(self, viewing: Viewing, second: int, via: str, watched: list[Watched]) -> None:
        hour = second // 3600
        for piece, begins, before in watched:
            sat_hour = viewing.sat_at // 3600
            if not begins:
                self._lengths.of(sat_hour, length_class(before))[0] -= 1
            self._lengths.of(sat_hour, length_class(before + piece.length))[0] += 1
            self._heat.of(viewing.media_id, "s", piece.start // HEAT_MS)[0] += 1
            if begins:
                self._watching.of(hour)[2] += 1
                if viewing.user_id:
                    self._users.of(hour, viewing.user_id)[1] += 1
            self._add(viewing.user_id, viewing.media_id, second, via, piece.length, begins, viewing.counted_at)
            viewing.counted_at = max(viewing.counted_at, second)

    def _viewed(self, receipt: Receipt, second: int, via: str, watched_ms: int, begins: bool) -> None:
        counted_at = 0 if begins else second  # who has no name and goes on is no other viewer
        self._add(self._person(receipt, second), receipt.media_id, second, via, watched_ms, begins, counted_at)

    def _add(
        self, user: str | None, media: str, second: int, via: str, watched_ms: int, begins: bool, counted_at: int
    ) -> None:
        hour = second // 3600
        numbers = self._media.of(hour, media)
        numbers[WATCHED_MS] += watched_ms
        numbers[VIEWS] += begins
        if begins and via in _VIA:
            numbers[_VIA[via]] += 1
        self._watching.of(hour)[1] += watched_ms
        past = self._past(user, media, second) if user else None
        self._viewer(media, hour, (past.viewed_at if past else counted_at) // 3600)
        if past:
            past.viewed_at = max(past.viewed_at, second)
            past.views += begins
            past.watched_ms += watched_ms
            own = self._users.of(hour, user)
            own[0] += watched_ms
            own[2] += begins

    def _viewer(self, media: str, hour: int, before: int) -> None:
        """Somebody watches who did so last in the hour `before`."""
        if before < hour:
            self._media.of(hour, media)[VIEWERS] += 1
        day = day_of(hour)
        if before < day:
            self._media.different[day, media] = self._media.different.get((day, media), 0) + 1

    def _person(self, receipt: Receipt, second: int) -> str | None:
        """Whose name it is counted under: of those that are signed in, there, and have not cleared it since."""
        user = receipt.user_id
        if user not in self._known or receipt.kind not in _SIGNED_IN:
            return None
        for media, until in self._cleared.get(user, ()):
            if second <= until and media in (None, receipt.media_id):
                return None
        return user

    def _past(self, user: str, media: str, second: int) -> Past:
        past = self._history.setdefault((user, media), Past())
        past.first, past.last = min(past.first or second, second), max(past.last, second)
        return past

    # --- written --------------------------------------------------------------------------------------

    def write(self) -> None:
        for media, steps in self._steps.items():
            depth = 0
            for part in range(HEAT_PARTS):
                depth += steps[part]
                if depth:
                    self._heat.of(media, "b", part)[0] += depth
        for collected in (self._deliveries, self._errors, self._media, self._lengths, self._heat):
            collected.write(self._connection)
        self._write_active()
        lately.add(self._connection, self._spans, MEDIA, self._media)
        lately.add(self._connection, self._spans, USERS, self._users)
        write_history(self._connection, self._history)
        write_viewings(self._connection, map(self._viewings.__getitem__, sorted(self._changed)))

    def _write_active(self) -> None:
        """A user is active in an hour or day from the first row on."""
        for row in self._users.write(self._connection, "RETURNING grain, at, xmax = 0 AS new"):
            hour = int(row["at"].timestamp()) // 3600
            if row["new"] and row["grain"] == "h":
                self._watching.of(hour)[0] += 1
            elif row["new"]:
                self._watching.different[hour,] = self._watching.different.get((hour,), 0) + 1
        self._watching.write(self._connection)

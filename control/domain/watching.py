"""What counts as watched. The page "How this is counted" says it for people: templates/partials/counting.html.

A player fetches ahead, and may be closed before it shows what it has. So a piece of film counts once its key has been
asked for, it has been delivered, and as much time has passed as it takes to watch it: one piece is ahead of the clock,
the rest waits. What still waits when somebody leaves, or jumps to another place, was only prefetched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

GAP_SECONDS = 30 * 60  # nothing for so long: whoever goes on then sits down anew
NEAR_PIECES = 3.5  # further away than so many pieces is a jump; less is the disorder of several workers' logs
MOST_WAITING = 200  # pieces
NOWHERE = -1_000_000_000  # far from every piece


class Piece(NamedTuple):
    """A segment, by its place in the film: the same in every rung, or nearly so. In milliseconds."""

    start: int
    length: int
    period: int  # of the content key

    def is_at(self, start: int) -> bool:
        return abs(self.start - start) * 2 < self.length


class Watched(NamedTuple):
    piece: Piece
    begins: bool  # a sitting
    sat_before: int  # milliseconds of this sitting


@dataclass(slots=True)
class Viewing:
    """What one grant does with its media. Times are epoch seconds, the rest milliseconds."""

    id: str
    media_id: str
    user_id: str | None = None
    seen_at: int = 0
    clock: int = 0  # (epoch) the time up to then has been spent on what was counted
    asked: int = -1  # the furthest key
    last: int = NOWHERE  # where the piece that was counted last begins
    sat: int = 0  # watched in this sitting
    sat_at: int = 0  # when it began
    counted_at: int = 0
    pending: list[Piece] = field(default_factory=list)

    def ask(self, at: int, period: int) -> list[Watched]:
        """A key was handed out."""
        self.asked = max(self.asked, period)
        return self.beat(at)

    def deliver(self, at: int, piece: Piece) -> list[Watched]:
        """A segment has left, whole."""
        watched = self.beat(at)
        if self.pending and abs(piece.start - self.pending[-1].start) > NEAR_PIECES * piece.length:
            self.pending.clear()
        if piece.is_at(self.last) or self._waits(piece):
            return watched  # in another quality: not far back, or it would have been a jump
        if len(self.pending) < MOST_WAITING:
            if not self.pending:
                self.clock = max(self.clock, at * 1000 - piece.length)
            self.pending.append(piece)
        return watched + self._settle(at)

    def beat(self, at: int) -> list[Watched]:
        """Whoever watches is still there."""
        if at - self.seen_at > GAP_SECONDS:
            self.pending.clear()
            self.sat, self.sat_at, self.last = 0, at, NOWHERE
        self.seen_at = max(self.seen_at, at)
        return self._settle(at)

    def _waits(self, piece: Piece) -> bool:
        """A plain loop: it is the dearest line of a receipt."""
        start, near = piece.start, piece.length / 2
        for other in self.pending[-12:]:  # noqa: SIM110
            if -near < other.start - start < near:
                return True
        return False

    def _settle(self, at: int) -> list[Watched]:
        watched = []
        while self.pending and self.pending[0].period <= self.asked:
            piece = self.pending[0]
            if self.clock + piece.length > at * 1000:
                break
            watched.append(Watched(piece, self.sat == 0, self.sat))
            del self.pending[0]
            self.clock += piece.length
            self.sat += piece.length
            self.last = piece.start
        return watched

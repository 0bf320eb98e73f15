"""Positions: how far somebody has watched (or listened to) a media."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from control.domain.media import Media

BEGUN_SECONDS = 5  # less is a look, and nothing to continue
_FINISHED = 0.95  # of its length
_CREDITS = ("credits", "end credits", "closing credits", "abspann", "générique de fin", "titoli di coda")


@dataclass(frozen=True, slots=True)
class Position:
    seconds: float  # where to go on
    duration: float  # of the whole, as the player knew it
    finished: bool
    updated_at: datetime

    @property
    def fraction(self) -> float:
        """How much of it is behind, 0..1; all of what is finished."""
        return 1 if self.finished else min(self.seconds / self.duration, 1) if self.duration else 0

    @property
    def begun(self) -> bool:
        """Whether there is something to go on with."""
        return not self.finished and self.seconds >= BEGUN_SECONDS


def is_over(media: Media, seconds: float, duration: float) -> bool:
    """Whether it counts as watched to its end: 95 % of it, or all but the credits (its last chapter, named so)."""
    whole = media.duration or duration
    if not whole:
        return False
    return seconds >= min(whole * _FINISHED, _credits(media) or whole)


def _credits(media: Media) -> float | None:
    """Where they begin, if its chapters say so; what is called so in the first half is something else."""
    chapters = media.facts.get("chapters") or []
    last = chapters[-1] if len(chapters) > 1 else {}
    named = str(last.get("title") or "").strip().casefold() in _CREDITS
    start = float(last.get("start") or 0)
    return start if named and media.duration and start > media.duration / 2 else None

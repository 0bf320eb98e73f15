"""Mounts: nothing of one that is away is asked for, because opening a file there may hang for ever."""

from __future__ import annotations

from control.domain.media import Media
from control.domain.mounts import MountState
from control.errors import MountAway
from control.services.memory import Memory


class Mounts:
    def __init__(self, mounts, memory: Memory[MountState]):
        self._mounts, self._memory = mounts, memory

    def must_be_here(self, media: Media) -> None:
        """Raises MountAway, saying why. A mount that nobody has looked at yet counts as here."""
        if media.mount is None:
            return
        state = self._memory.get(media.mount)
        if state is not None and state.away:
            raise MountAway(f"{state.reason} Nothing is lost; it comes back with the drive.")

    def all(self) -> list[tuple[MountState, int]]:
        """Every mount that was ever seen, with the number of its media."""
        return [(state, self._mounts.items(state.name)) for state in self._mounts.all()]

"""Mounts: nothing of one that is away is asked for, because opening a file there may hang for ever."""

from __future__ import annotations

from control.domain.media import Media
from control.domain.mounts import MountState
from control.domain.sessions import Principal
from control.errors import BadRequest, MountAway
from control.services.audit import Audit
from control.services.memory import Memory


class Mounts:
    def __init__(self, mounts, memory: Memory[MountState], audit: Audit):
        self._mounts, self._memory, self._audit = mounts, memory, audit

    def must_be_here(self, media: Media) -> None:
        """Raises MountAway, saying why. A mount that nobody has looked at yet counts as here."""
        if media.mount is None:
            return
        state = self._memory.get(media.mount)
        if state is not None and state.away:
            raise MountAway(f"{state.reason} Nothing is lost; it comes back with the drive.")

    def confirm(self, name: str, by: Principal) -> int:
        """The files that the scan misses are gone for good: drop them at the next scan. Returns how many they are.

        Raises BadRequest where nothing waits for that.
        """
        missing = self._mounts.confirm(name)
        if not missing:
            raise BadRequest(f"Nothing of the mount {name!r} waits for a yes.")
        self._audit.record("mount_loss_confirmed", by, reason=f"{missing} files", details={"mount": name})
        return missing

    def all(self) -> list[tuple[MountState, int]]:
        """Every mount that was ever seen, with the number of its media."""
        return [(state, self._mounts.items(state.name)) for state in self._mounts.all()]

"""How far everybody is with what: remembered at once, written behind, many viewers in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from control.domain.media import Media
from control.domain.positions import Position, is_over
from control.domain.sessions import Principal
from control.errors import Unwritable
from control.services.library import seen_by
from control.services.write_behind import write_out

log = structlog.get_logger()

Key = tuple[str, str]  # user, media
_LONGEST_QUEUE = 20_000  # while the database is away; then clients are told, and come again


class Positions:
    """A worker that is killed loses what it was told since its last :meth:`flush`."""

    def __init__(self, store):
        self._store = store
        self._unwritten: dict[Key, Position] = {}

    def of(self, principal: Principal, media_ids: Sequence[str]) -> dict[str, Position]:
        """Media id -> how far, of those that the principal has ever begun."""
        known = self._store.find(principal.user_id, media_ids)
        waiting = ((media_id, self._unwritten.get((principal.user_id, media_id))) for media_id in media_ids)
        for media_id, position in waiting:
            if position is not None and (
                media_id not in known or known[media_id].updated_at <= position.updated_at
            ):  # fmt: skip
                known[media_id] = position
        return known

    def put(
        self, principal: Principal, media: Media, seconds: float, duration: float, finished: bool | None = None
    ) -> Position:  # fmt: skip
        """The principal is there now; `finished` says so itself, None: where it is says it.

        Raises DatabaseUnavailable when too many wait for the database.
        """
        if len(self._unwritten) >= _LONGEST_QUEUE:
            self.flush()
        over = is_over(media, seconds, duration) if finished is None else finished
        position = Position(seconds, media.duration or duration, over, datetime.now(UTC))
        self._unwritten[principal.user_id, media.id] = position
        return position

    def forget(self, principal: Principal, media_id: str) -> None:
        """As if it had never been begun."""
        self._unwritten.pop((principal.user_id, media_id), None)
        self._store.forget(principal.user_id, media_id)

    def begun(self, principal: Principal, filters, limit: int) -> list[tuple[Media, Position]]:
        """What to continue, the last one first. `filters` is a storage.sql.library.Filters without a viewer."""
        return self._store.begun(principal.user_id, seen_by(principal, filters), limit)

    def flush(self) -> None:
        """Write what waits, but for what can never be. Raises what else the store raises, and keeps the rest."""
        if self._unwritten:
            batch, self._unwritten = list(self._unwritten.items()), {}
            try:
                write_out(batch, lambda part: self._store.write(dict(part)), _lost)
            finally:
                self._unwritten = dict(batch) | self._unwritten


def _lost(entry: tuple[Key, Position], error: Unwritable) -> None:
    (_, media_id), _ = entry
    log.error("position_lost", media=media_id, error=str(error))

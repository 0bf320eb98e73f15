"""What was really delivered, as far as Nginx's log has been read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from control.domain.receipts import LOCAL, Covered, Day, Downloads, Position

DAYS = 7


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How far the log has been read, over all of its files."""

    file: str  # that is being read: its name on the disk
    position: int  # in it, in bytes
    lag_bytes: int
    lag_seconds: float  # age of the oldest line that has not been read
    lines: int
    bad_lines: int
    read_at: datetime | None
    days: list[Day]


@dataclass(frozen=True, slots=True)
class Behind:
    """What of the log has not been read."""

    bytes: int
    seconds: float  # age of its oldest line


class Receipts:
    """`files()` are those of the log, the oldest first; `line_at(file, position)` is the entry that begins there."""

    def __init__(self, store, files: Callable, line_at: Callable):
        self._store, self._files, self._line_at = store, files, line_at

    def status(self) -> LogStatus:
        positions, files = self._store.positions(LOCAL), self._files()
        unread, behind = _unread(positions, files), self._behind(positions, files)
        current = next(iter(unread), files[-1] if files else None)
        return LogStatus(
            file=current.path.name if current else "",
            position=_position(positions, current.name) if current else 0,
            lag_bytes=behind.bytes,
            lag_seconds=behind.seconds,
            lines=sum(position.lines for position in positions),
            bad_lines=sum(position.bad_lines for position in positions),
            read_at=max((position.updated_at for position in positions), default=None),
            days=self._store.days(DAYS),
        )

    def behind(self) -> Behind:
        return self._behind(self._store.positions(LOCAL), self._files())

    def _behind(self, positions: list[Position], files: list) -> Behind:
        unread = _unread(positions, files)
        return Behind(
            sum(file.size - _position(positions, file.name) for file in unread),
            self._age(unread[0], _position(positions, unread[0].name)) if unread else 0,
        )

    def _age(self, file, position: int) -> float:
        entry = self._line_at(file, position)
        return (datetime.now(UTC) - datetime.fromisoformat(entry["time"])).total_seconds() if entry else 0

    def downloads(self, media: Iterable[str]) -> dict[str, Downloads]:
        """What has been delivered of originals, by media."""
        return self._store.downloads(media)

    def last_seen(self, media: Iterable[str]) -> dict[str, datetime]:
        """When something of each media was delivered last."""
        return self._store.last_seen(media)

    def covered(self, tickets: Iterable[str]) -> list[Covered]:
        """What each item of `tickets` has left."""
        return self._store.covered(tickets)


def _unread(positions: list[Position], files: list) -> list:
    return [file for file in files if _position(positions, file.name) < file.size]


def _position(positions: list[Position], file: str) -> int:
    return next((position.position for position in positions if position.file == file), 0)

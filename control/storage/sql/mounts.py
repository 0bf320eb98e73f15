"""Mount rows."""

from __future__ import annotations

from collections.abc import Callable

from control.domain.mounts import MountState
from control.storage.sql.pool import Database

_COLUMNS = """name, away, reason, mount_point, changed_at, checked_at, missing, confirmed,
    scanned, scan_started_at, scan_ended_at"""


class MountStore:
    """`changed` is called with the name of every mount that went away or came back."""

    def __init__(self, database: Database, changed: Callable[[str], None] = lambda name: None):
        self._database, self._changed = database, changed

    def find(self, name: str) -> MountState | None:
        row = self._database.one(f"SELECT {_COLUMNS} FROM mounts WHERE name = %s", [name])  # noqa: S608
        return row and MountState(**row)

    def all(self) -> list[MountState]:
        return [MountState(**row) for row in self._database.all(f"SELECT {_COLUMNS} FROM mounts ORDER BY name")]  # noqa: S608

    def note(self, name: str, away: bool, reason: str, mount_point: bool) -> None:
        """What a look has found. A mount point stays one, whatever lies in its place."""
        known = self.find(name)
        self._database.run(
            """INSERT INTO mounts (name, away, reason, mount_point) VALUES (%(name)s, %(away)s, %(reason)s, %(point)s)
               ON CONFLICT (name) DO UPDATE SET away = excluded.away, reason = excluded.reason, checked_at = now(),
                   mount_point = mounts.mount_point OR excluded.mount_point,
                   changed_at = CASE WHEN mounts.away = excluded.away THEN mounts.changed_at ELSE now() END""",
            {"name": name, "away": away, "reason": reason, "point": mount_point},
        )
        if known is None or known.away != away:
            self._changed(name)

    def note_scan(self, name: str, scanned: int, done: bool) -> None:
        """How far the scan has come, in files; 0 begins a new one."""
        self._database.run(
            """UPDATE mounts SET scanned = %(scanned)s,
               scan_started_at = CASE WHEN %(scanned)s = 0 AND NOT %(done)s THEN now() ELSE scan_started_at END,
               scan_ended_at = CASE WHEN %(done)s THEN now() END WHERE name = %(name)s""",
            {"name": name, "scanned": scanned, "done": done},
        )

    def note_missing(self, name: str, missing: int) -> None:
        """So many files are missing that somebody must confirm it; 0: nothing waits any more."""
        self._database.run(
            "UPDATE mounts SET missing = %s, confirmed = confirmed AND %s > 0 WHERE name = %s", [missing, missing, name]
        )

    def confirm(self, name: str) -> int:
        """The missing files are gone for good; return how many wait for that."""
        row = self._database.one(
            "UPDATE mounts SET confirmed = true WHERE name = %s AND missing > 0 RETURNING missing", [name]
        )
        return row["missing"] if row else 0

    def items(self, name: str) -> int:
        """How many media lie on it."""
        return self._database.one("SELECT count(*) AS n FROM media WHERE mount = %s AND deleted_at IS NULL", [name])[
            "n"
        ]

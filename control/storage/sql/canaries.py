"""Media and users that `sluice edge verify` makes for its own questions, and takes away again."""

from __future__ import annotations

from psycopg.types.json import Jsonb

from control.domain.trash import Remains
from control.storage.sql.pool import Database

# In `facts`, which no request can write: what bears it is nobody's.
_MARK = "edge_canary"
_NAMED = "edge-verify-"


class CanaryStore:
    def __init__(self, database: Database):
        self._database = database

    def add(
        self, media: str, owner: str, kind: str, mime: str, size: int, stored: str | None, stills: list[str],
        rung: str | None,
    ) -> None:  # fmt: skip
        """A complete, private media with a plain original, an upload where it has a place `stored`."""
        renditions = [{"rung": rung, "width": 16, "height": 16, "bandwidth": 1000}] if rung else []
        self._database.run(
            """INSERT INTO media (id, owner_id, name, kind, mime, size_bytes, source, visibility, state, progress,
                   original, stored, stills, renditions, facts)
               VALUES (%s, %s, %s, %s, %s, %s, %s, 'private', 'completed', 100, 'kept', %s, %s, %s, %s)""",
            [
                media, owner, _NAMED + media[:8], kind, mime, size, "upload" if stored else "import", stored, stills,
                Jsonb(renditions), Jsonb({_MARK: True}),
            ],
        )  # fmt: skip

    def media(self) -> list[Remains]:
        """Those that are there, of whichever run."""
        rows = self._database.all("SELECT id::text, name, stored FROM media WHERE facts ? %s AND name LIKE %s",
                                  [_MARK, _NAMED + "%"])  # fmt: skip
        return [Remains(**row, path=None, inode=None, mtime_ns=None) for row in rows]

    def users(self) -> list[str]:
        """The ids of those that are there, of whichever run: nobody can sign in as one."""
        rows = self._database.all(
            "SELECT id::text FROM users WHERE username LIKE %s AND password_hash = ''", [_NAMED + "%"]
        )
        return [row["id"] for row in rows]

    @staticmethod
    def username(part: str) -> str:
        return _NAMED + part

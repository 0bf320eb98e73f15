"""Grant rows."""

from __future__ import annotations

from datetime import datetime

from control.domain.grants import Grant
from control.domain.sessions import Principal
from control.storage.sql.pool import Database

_COLUMNS = (
    "id, media_id::text, user_id::text, session_id::text, portable, expires_at, revoked_at IS NOT NULL AS revoked"
)


class GrantStore:
    def __init__(self, database: Database):
        self._database = database

    def find(self, grant: str) -> Grant | None:
        row = self._database.one(f"SELECT {_COLUMNS} FROM grants WHERE id = %s", [grant])  # noqa: S608
        return row and Grant(**row)

    def reusable(self, principal: Principal, media: str, portable: bool, until: datetime) -> Grant | None:
        """A live grant of this session for this media that lasts at least `until`: opening a page twice needs one."""
        row = self._database.one(
            f"""SELECT {_COLUMNS} FROM grants WHERE session_id = %s AND media_id = %s AND portable = %s
                AND revoked_at IS NULL AND expires_at >= %s ORDER BY expires_at DESC LIMIT 1""",  # noqa: S608
            [principal.session_id, media, portable, until],
        )
        return row and Grant(**row)

    def create(self, grant: str, principal: Principal, media: str, portable: bool, expires_at: datetime) -> Grant:
        row = self._database.one(
            f"""INSERT INTO grants (id, media_id, user_id, session_id, portable, expires_at)
                VALUES (%s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}""",  # noqa: S608
            [grant, media, principal.user_id, principal.session_id, portable, expires_at],
        )
        return Grant(**row)

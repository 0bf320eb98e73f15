"""User rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from control.domain.users import User, UserSummary
from control.storage.sql.pool import Connection, Database

_COLUMNS = "id::text, username, full_name, email, role, active, password_hash, last_sign_in_at, max_streams"
_CHANGEABLE = ("full_name", "email", "quota_bytes")

_SUMMARY = """SELECT u.id::text, u.username, u.full_name, u.email, u.role, u.active, u.created_at, u.last_sign_in_at,
    u.quota_bytes, u.max_streams, u.password_hash <> '' AS has_password,
    (SELECT max(last_activity_at) FROM sessions WHERE user_id = u.id) AS last_seen_at,
    (SELECT count(*) FROM sessions WHERE user_id = u.id AND ended_at IS NULL AND expires_at > now()
        AND last_activity_at > %(alive_since)s) AS sessions,
    (SELECT coalesce(sum(size_bytes), 0)::bigint FROM media
        WHERE owner_id = u.id AND source = 'upload' AND deleted_at IS NULL) AS used_bytes,
    (SELECT count(*) FROM media WHERE owner_id = u.id AND deleted_at IS NULL AND trashed_at IS NULL) AS media
    FROM users u"""
# What is searched for may stand anywhere in a name or an address.
_FOUND = """(%(query)s = ''
        OR position(lower(%(query)s) IN lower(concat_ws(' ', u.username, u.full_name, u.email))) > 0)
    AND (%(role)s::text IS NULL OR u.role = %(role)s) AND (%(active)s::boolean IS NULL OR u.active = %(active)s)"""


class UserStore:
    def __init__(self, database: Database):
        self._database = database

    def find(self, user: str) -> User | None:
        return _user(self._database.one(f"SELECT {_COLUMNS} FROM users WHERE id = %s", [user]))  # noqa: S608

    def find_by_login(self, login: str) -> User | None:
        """By user name or e-mail, whatever the case."""
        query = f"SELECT {_COLUMNS} FROM users WHERE lower(username) = lower(%s) OR lower(email) = lower(%s) LIMIT 1"  # noqa: S608
        return _user(self._database.one(query, [login, login]))

    def all(self) -> list[User]:
        return [_user(row) for row in self._database.all(f"SELECT {_COLUMNS} FROM users ORDER BY lower(username)")]  # noqa: S608

    def create(
        self, username: str, password_hash: str, role: str, full_name: str = "", email: str | None = None
    ) -> User | None:
        """Return the new user, or None when the name or e-mail is taken."""
        row = self._database.one(
            f"""INSERT INTO users (username, password_hash, role, full_name, email) VALUES (%s, %s, %s, %s, %s)
                ON CONFLICT DO NOTHING RETURNING {_COLUMNS}""",  # noqa: S608
            [username, password_hash, role, full_name, email],
        )
        return _user(row)

    def set_password_hash(self, user: str, password_hash: str) -> None:
        self._database.run(
            "UPDATE users SET password_hash = %s, updated_at = now() WHERE id = %s", [password_hash, user]
        )

    def describe(self, user: str, fields: Mapping[str, Any]) -> bool:
        """Change some columns (_CHANGEABLE); False when that e-mail is another one's."""
        names = [name for name in _CHANGEABLE if name in fields]
        changes = ", ".join(f"{name} = %({name})s" for name in names)
        taken = "SELECT FROM users o WHERE lower(o.email) = lower(%(email)s) AND o.id <> %(user)s"
        return bool(
            self._database.run(
                f"UPDATE users SET {changes}, updated_at = now() WHERE id = %(user)s AND NOT EXISTS ({taken})",  # noqa: S608
                {"user": user, "email": None, **{name: fields[name] for name in names}},
            )
        )

    def set_max_streams(self, user: str, streams: int | None) -> None:
        self._database.run("UPDATE users SET max_streams = %s, updated_at = now() WHERE id = %s", [streams, user])

    # --- administrators: one that is active always stays ------------------------------------------

    def set_role(self, user: str, role: str) -> bool:
        """False, with nothing changed, when no active administrator would be left."""
        with self._database.transaction() as connection:
            if role != "admin" and not _another_admin(connection, user):
                return False
            connection.execute("UPDATE users SET role = %s, updated_at = now() WHERE id = %s", [role, user])
        return True

    def set_active(self, user: str, active: bool) -> bool:
        """False, with nothing changed, when no active administrator would be left."""
        with self._database.transaction() as connection:
            if not active and not _another_admin(connection, user):
                return False
            connection.execute("UPDATE users SET active = %s, updated_at = now() WHERE id = %s", [active, user])
        return True

    def delete(self, user: str, heir: str | None = None) -> list[str]:
        """Sessions, grants and shares go with the user; media become those of `heir` (None: nobody's).

        Returns the ids of these media.
        """
        with self._database.transaction() as connection:
            handed = connection.execute(
                "UPDATE media SET owner_id = %s, updated_at = now() WHERE owner_id = %s RETURNING id::text",
                [heir, user],
            ).fetchall()
            connection.execute("DELETE FROM users WHERE id = %s", [user])
        return [row["id"] for row in handed]

    # --- as administrators list them --------------------------------------------------------------

    def summaries(
        self, query: str, role: str | None, active: bool | None, alive_since: datetime, limit: int, offset: int
    ) -> tuple[list[UserSummary], int]:
        """Those whose name or e-mail holds `query`, by name, and how many there are in all."""
        given = {"query": query, "role": role, "active": active, "alive_since": alive_since}
        rows = self._database.all(
            f"{_SUMMARY} WHERE {_FOUND} ORDER BY lower(u.username) LIMIT %(limit)s OFFSET %(offset)s",
            given | {"limit": limit, "offset": offset},
        )
        total = self._database.one(f"SELECT count(*) AS n FROM users u WHERE {_FOUND}", given)["n"]  # noqa: S608
        return [UserSummary(**row) for row in rows], total

    def summary(self, user: str, alive_since: datetime) -> UserSummary | None:
        row = self._database.one(f"{_SUMMARY} WHERE u.id = %(user)s", {"user": user, "alive_since": alive_since})
        return row and UserSummary(**row)

    def admins(self) -> list[User]:
        rows = self._database.all(
            f"SELECT {_COLUMNS} FROM users WHERE role = 'admin' AND active ORDER BY lower(username)"  # noqa: S608
        )
        return [_user(row) for row in rows]

    def signed_in(self, user: str) -> None:
        self._database.run("UPDATE users SET last_sign_in_at = now() WHERE id = %s", [user])


def _another_admin(connection: Connection, user: str) -> bool:
    """Whether an active administrator is left without `user`. Their rows are locked until the transaction ends, so that
    of two who go at once the second sees that the first has gone."""
    rows = connection.execute(
        "SELECT id::text FROM users WHERE role = 'admin' AND active ORDER BY id FOR UPDATE"
    ).fetchall()
    admins = {row["id"] for row in rows}
    return user not in admins or len(admins) > 1


def _user(row: dict | None) -> User | None:
    return row and User(**row)

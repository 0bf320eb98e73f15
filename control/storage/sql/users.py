"""User rows."""

from __future__ import annotations

from control.domain.users import User
from control.storage.sql.pool import Database

_COLUMNS = "id::text, username, full_name, email, role, active, password_hash, last_sign_in_at, max_streams"


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

    def set_role(self, user: str, role: str) -> None:
        self._database.run("UPDATE users SET role = %s, updated_at = now() WHERE id = %s", [role, user])

    def set_max_streams(self, user: str, streams: int | None) -> None:
        self._database.run("UPDATE users SET max_streams = %s, updated_at = now() WHERE id = %s", [streams, user])

    def set_active(self, user: str, active: bool) -> None:
        self._database.run("UPDATE users SET active = %s, updated_at = now() WHERE id = %s", [active, user])

    def delete(self, user: str) -> None:
        """Sessions and grants go with the user; media stay, without an owner."""
        self._database.run("DELETE FROM users WHERE id = %s", [user])

    def signed_in(self, user: str) -> None:
        self._database.run("UPDATE users SET last_sign_in_at = now() WHERE id = %s", [user])


def _user(row: dict | None) -> User | None:
    return row and User(**row)

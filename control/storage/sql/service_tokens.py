"""Service token rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from control.domain.service_tokens import ServiceToken
from control.domain.sessions import Principal
from control.storage.sql.pool import Database

_SELECT = """SELECT t.id::text, t.name, t.scopes, t.user_id::text, u.username, u.full_name, u.role, u.max_streams,
    t.created_at, t.expires_at, t.last_used_at, t.last_address, (t.revoked_at IS NOT NULL OR NOT u.active) AS dead
    FROM service_tokens t JOIN users u ON u.id = t.user_id"""


class ServiceTokenStore:
    def __init__(self, database: Database):
        self._database = database

    def create(
        self, user: str, name: str, scopes: list[str], token_hash: bytes, expires_at: datetime | None
    ) -> str | None:
        """Return the id of the new token, or None when the user has one of this name."""
        row = self._database.one(
            """INSERT INTO service_tokens (user_id, name, scopes, hash, expires_at) VALUES (%s, %s, %s, %s, %s)
               ON CONFLICT DO NOTHING RETURNING id::text""",
            [user, name, scopes, token_hash, expires_at],
        )
        return row and row["id"]

    def find(self, hex_hash: str) -> ServiceToken | None:
        """By the hex of its hash."""
        row = self._database.one(f"{_SELECT} WHERE t.hash = %s", [bytes.fromhex(hex_hash)])
        return row and _token(row)

    def find_by_id(self, token: str) -> ServiceToken | None:
        row = self._database.one(f"{_SELECT} WHERE t.id = %s", [token])
        return row and _token(row)

    def live(self, user: str | None = None) -> list[ServiceToken]:
        """The live tokens of `user` (None: of everybody), the newest first."""
        rows = self._database.all(
            f"""{_SELECT} WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
                AND (%(user)s::uuid IS NULL OR t.user_id = %(user)s) ORDER BY t.created_at DESC, t.id""",
            {"user": user},
        )
        return [_token(row) for row in rows]

    def revoke(self, token: str) -> str | None:
        """Return the hex hash of the token that was alive until now, or None."""
        row = self._database.one(
            "UPDATE service_tokens SET revoked_at = now() WHERE id = %s AND revoked_at IS NULL RETURNING hash", [token]
        )
        return row and bytes(row["hash"]).hex()

    def hashes_of(self, user: str) -> list[str]:
        """The hex hashes of the user's live tokens."""
        rows = self._database.all("SELECT hash FROM service_tokens WHERE user_id = %s AND revoked_at IS NULL", [user])
        return [bytes(row["hash"]).hex() for row in rows]

    def touch(self, uses: Mapping[str, tuple[datetime, str]]) -> None:
        """Note the last use (moment, address) of many tokens in one statement."""
        moments, addresses = zip(*uses.values(), strict=True)
        self._database.run(
            """UPDATE service_tokens t SET last_used_at = c.at, last_address = c.address
               FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[]) AS c(id, at, address) WHERE t.id = c.id""",
            [list(uses), list(moments), list(addresses)],
        )


def _token(row: dict) -> ServiceToken:
    scopes = tuple(row["scopes"])
    owner = Principal(
        "token", row["user_id"], row["username"], row["full_name"], row["role"], token_id=row["id"],
        scopes=frozenset(scopes), max_streams=row["max_streams"],
    )  # fmt: skip
    return ServiceToken(
        row["id"], row["name"], scopes, owner, row["created_at"], row["expires_at"], row["last_used_at"],
        row["last_address"], row["dead"],
    )  # fmt: skip

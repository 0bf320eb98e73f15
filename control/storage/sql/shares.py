"""Share rows, and what has become of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from control.domain.sessions import Principal
from control.domain.shares import Share, ShareUse
from control.storage.sql.pool import Database

_SELECT = """SELECT s.id::text, s.name, s.note, s.media_ids::text[], s.folder, s.rights, s.password_hash,
    s.password_version, s.max_uses, s.upload_max_files, s.upload_max_bytes, s.created_at, s.expires_at,
    s.revoked_at IS NOT NULL AS revoked, u.id::text AS user_id, u.username, u.full_name, u.role, u.active
    FROM shares s JOIN users u ON u.id = s.owner_id"""

# Columns that may be changed.
_CHANGEABLE = ("name", "note", "media_ids", "folder", "rights", "password_hash", "max_uses", "upload_max_files",
               "upload_max_bytes", "expires_at")  # fmt: skip


class ShareStore:
    def __init__(self, database: Database):
        self._database = database

    def create(
        self, share: str, owner: str, code_hash: bytes, sealed: bytes, version: int, fields: Mapping[str, Any]
    ) -> None:
        """`sealed`: the code under the master key of that version; `fields`: see _CHANGEABLE."""
        row = {"id": share, "owner_id": owner, "code_hash": code_hash, "code_sealed": sealed, "code_version": version}
        row |= {name: fields[name] for name in _CHANGEABLE}
        self._database.run(
            f"INSERT INTO shares ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",  # noqa: S608
            list(row.values()),
        )

    def find(self, hex_hash: str) -> Share | None:
        """By the hex of its code's hash."""
        row = self._database.one(f"{_SELECT} WHERE s.code_hash = %s", [bytes.fromhex(hex_hash)])
        return row and _share(row)

    def get(self, share: str) -> Share | None:
        row = self._database.one(f"{_SELECT} WHERE s.id = %s", [share])
        return row and _share(row)

    def of(self, owner: str | None) -> list[Share]:
        """The shares of `owner` (None: of everybody), the newest first."""
        rows = self._database.all(
            f"{_SELECT} WHERE %(owner)s::uuid IS NULL OR s.owner_id = %(owner)s ORDER BY s.created_at DESC, s.id",
            {"owner": owner},
        )
        return [_share(row) for row in rows]

    def sealed_codes(self, shares: Sequence[str]) -> dict[str, tuple[bytes, int]]:
        """share -> its code under the master key of a version."""
        rows = self._database.all(
            "SELECT id::text, code_sealed, code_version FROM shares WHERE id = ANY(%s::uuid[])", [list(shares)]
        )
        return {row["id"]: (bytes(row["code_sealed"]), row["code_version"]) for row in rows}

    def hashes_of(self, owner: str) -> list[str]:
        """The hex hashes of the codes of the owner's live shares."""
        rows = self._database.all(
            "SELECT code_hash FROM shares WHERE owner_id = %s AND revoked_at IS NULL AND expires_at > now()", [owner]
        )
        return [bytes(row["code_hash"]).hex() for row in rows]

    def change(self, share: str, fields: Mapping[str, Any]) -> str:
        """Change some columns; a changed password ends the visits of the old one. Returns the hash of the code."""
        names = [name for name in _CHANGEABLE if name in fields]
        changes = [f"{name} = %s" for name in names]
        if "password_hash" in fields:
            changes.append("password_version = password_version + 1")
        row = self._database.one(
            f"UPDATE shares SET {', '.join(changes)} WHERE id = %s RETURNING code_hash",  # noqa: S608
            [*(fields[name] for name in names), share],
        )
        return bytes(row["code_hash"]).hex()

    def revoke(self, share: str) -> str:
        """Returns the hash of the code."""
        row = self._database.one(
            "UPDATE shares SET revoked_at = coalesce(revoked_at, now()) WHERE id = %s RETURNING code_hash", [share]
        )
        return bytes(row["code_hash"]).hex()

    def take_room(self, share: str, size: int) -> bool:
        """Count one more file of `size` bytes, if the share takes it: one conditional statement."""
        return bool(
            self._database.run(
                """UPDATE shares SET uploaded_files = uploaded_files + 1, uploaded_bytes = uploaded_bytes + %(size)s
                   WHERE id = %(id)s AND (upload_max_files IS NULL OR uploaded_files < upload_max_files)
                   AND (upload_max_bytes IS NULL OR uploaded_bytes + %(size)s <= upload_max_bytes)""",
                {"id": share, "size": size},
            )
        )

    def give_room_back(self, share: str, size: int) -> None:
        self._database.run(
            "UPDATE shares SET uploaded_files = uploaded_files - 1, uploaded_bytes = uploaded_bytes - %s WHERE id = %s",
            [size, share],
        )

    def touch(self, seen: Mapping[str, datetime]) -> None:
        """Note when shares were last seen, in one statement."""
        self._database.run(
            """UPDATE shares s SET last_seen_at = greatest(s.last_seen_at, c.at)
               FROM unnest(%s::uuid[], %s::timestamptz[]) AS c(id, at) WHERE s.id = c.id""",
            [list(seen), list(seen.values())],
        )

    def uses(self, shares: Sequence[str]) -> dict[str, ShareUse]:
        """What has become of each share that has been used or seen."""
        rows = self._database.all(
            """SELECT s.id::text, s.last_seen_at AS last_seen, count(v.id) AS opens,
                   coalesce(sum(c.complete), 0)::int AS downloads,
                   count(v.id) FILTER (WHERE v.used_at IS NOT NULL OR c.complete > 0) AS uses
               FROM shares s LEFT JOIN share_visits v ON v.share_id = s.id
                   LEFT JOIN LATERAL (SELECT count(*) AS complete FROM coverage
                       WHERE ticket = v.id AND completed_at IS NOT NULL) c ON true
               WHERE s.id = ANY(%s::uuid[]) GROUP BY s.id""",
            [list(shares)],
        )
        return {row["id"]: ShareUse(row["opens"], row["downloads"], row["uses"], row["last_seen"]) for row in rows}


def _share(row: dict) -> Share:
    owner = Principal("session", row.pop("user_id"), row.pop("username"), row.pop("full_name"), row.pop("role"))
    row["media_ids"], row["rights"] = tuple(row["media_ids"]), frozenset(row["rights"])
    return Share(owner=owner, owner_active=row.pop("active"), **row)

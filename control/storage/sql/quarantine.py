"""What was refused, as the database knows it: failed media, and uploads that a virus scanner has turned away."""

from __future__ import annotations

from collections.abc import Sequence

from control.domain.quarantine import Refused
from control.errors import ScanRefused
from control.storage.sql.pool import Database

_MEDIA = """SELECT m.id::text, m.name, m.kind, m.size_bytes AS size, m.source, m.state, m.updated_at AS at,
    u.username AS owner, m.error_code AS code, m.error AS reason, m.stored IS NOT NULL AS kept_in_place
    FROM media m LEFT JOIN users u ON u.id = m.owner_id WHERE m.state = 'failed' AND m.deleted_at IS NULL
    AND m.trashed_at IS NULL"""


class QuarantineStore:
    def __init__(self, database: Database):
        self._database = database

    def count(self) -> int:
        row = self._database.one(
            "SELECT count(*) AS n FROM media WHERE state = 'failed' AND deleted_at IS NULL AND trashed_at IS NULL"
        )
        return row["n"]

    def failed(self, limit: int, offset: int) -> list[Refused]:
        """Failed media, the newest first."""
        rows = self._database.all(f"{_MEDIA} ORDER BY m.updated_at DESC, m.id LIMIT %s OFFSET %s", [limit, offset])
        return [_refused(row) for row in rows]

    def find(self, media: str) -> Refused | None:
        row = self._database.one(f"{_MEDIA} AND m.id = %s", [media])
        return row and _refused(row)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that are or were media, in whatever state."""
        rows = self._database.all("SELECT id::text FROM media WHERE id = ANY(%s::uuid[])", [list(ids)])
        return {row["id"] for row in rows}

    def turned_away(self, ids: Sequence[str]) -> dict[str, tuple[str, str | None]]:
        """media id -> (name, owner) of uploads that the scanner has refused, as long as their records are kept."""
        rows = self._database.all(
            """SELECT u.media_id::text AS id, u.name, o.username FROM uploads u LEFT JOIN users o ON o.id = u.owner_id
               WHERE u.media_id = ANY(%s::uuid[]) AND u.error_code = %s""",
            [list(ids), ScanRefused.code],
        )
        return {row["id"]: (row["name"], row["username"]) for row in rows}


def _refused(row: dict) -> Refused:
    in_place = row.pop("kept_in_place")
    return Refused(**row, in_library=True, in_place=in_place)

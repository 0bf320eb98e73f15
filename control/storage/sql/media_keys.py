"""Wrapped media keys."""

from __future__ import annotations

from control.storage.sql.pool import Database


class MediaKeyStore:
    def __init__(self, database: Database):
        self._database = database

    def put(self, media: str, wrapped: bytes, master_version: int) -> None:
        """Set the key of `media`, replacing an earlier one (whose renditions are gone with it)."""
        self._database.run(
            """INSERT INTO media_keys (media_id, wrapped, master_version) VALUES (%s, %s, %s)
               ON CONFLICT (media_id) DO UPDATE SET wrapped = excluded.wrapped,
               master_version = excluded.master_version, created_at = now()""",
            [media, wrapped, master_version],
        )

    def get(self, media: str) -> bytes | None:
        row = self._database.one("SELECT wrapped FROM media_keys WHERE media_id = %s", [media])
        return row and bytes(row["wrapped"])

"""Wrapped media keys."""

from __future__ import annotations

from control.storage.sql.pool import Database
from control.vault import WrappedKey


class MediaKeyStore:
    def __init__(self, database: Database):
        self._database = database

    def put(self, media: str, key: WrappedKey) -> None:
        """Set the key of `media`, replacing an earlier one (whose renditions are gone with it)."""
        self._database.run(
            """INSERT INTO media_keys (media_id, wrapped, master_version) VALUES (%s, %s, %s)
               ON CONFLICT (media_id) DO UPDATE SET wrapped = excluded.wrapped,
               master_version = excluded.master_version, created_at = now()""",
            [media, key.wrapped, key.version],
        )

    def get(self, media: str) -> WrappedKey | None:
        row = self._database.one("SELECT wrapped, master_version FROM media_keys WHERE media_id = %s", [media])
        return row and WrappedKey(bytes(row["wrapped"]), row["master_version"])

    def wrapped_before(self, version: int, limit: int) -> list[tuple[str, WrappedKey]]:
        """Media whose keys are still wrapped by an older master key."""
        rows = self._database.all(
            """SELECT media_id::text, wrapped, master_version FROM media_keys WHERE master_version < %s
               ORDER BY media_id LIMIT %s""",
            [version, limit],
        )
        return [(row["media_id"], WrappedKey(bytes(row["wrapped"]), row["master_version"])) for row in rows]

    def replace(self, media: str, old: WrappedKey, new: WrappedKey) -> None:
        """Unless somebody has changed it since it was `old`."""
        self._database.run(
            "UPDATE media_keys SET wrapped = %s, master_version = %s WHERE media_id = %s AND wrapped = %s",
            [new.wrapped, new.version, media, old.wrapped],
        )

    def counts(self) -> dict[int, int]:
        """Master key version -> how many media keys it wraps."""
        rows = self._database.all("SELECT master_version, count(*) AS n FROM media_keys GROUP BY 1 ORDER BY 1")
        return {row["master_version"]: row["n"] for row in rows}

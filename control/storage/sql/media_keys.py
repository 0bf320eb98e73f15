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
               master_version = excluded.master_version, next_wrapped = NULL, next_version = NULL,
               created_at = now()""",
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

    # --- a new media key (`sluice key reencrypt`) ---------------------------------------------------

    def announce(self, media: str, key: WrappedKey) -> None:
        """`key` takes over once everything of `media` has been written again."""
        self._database.run(
            "UPDATE media_keys SET next_wrapped = %s, next_version = %s WHERE media_id = %s",
            [key.wrapped, key.version, media],
        )

    def announced(self, media: str) -> WrappedKey | None:
        row = self._database.one("SELECT next_wrapped, next_version FROM media_keys WHERE media_id = %s", [media])
        return WrappedKey(bytes(row["next_wrapped"]), row["next_version"]) if row and row["next_wrapped"] else None

    def take_over(self, media: str) -> list[str]:
        """The announced key is the key. Return the grants that have ended with the old one: players ask for another."""
        with self._database.transaction() as connection:
            connection.execute(
                """UPDATE media_keys SET wrapped = next_wrapped, master_version = next_version, next_wrapped = NULL,
                   next_version = NULL, created_at = now() WHERE media_id = %s AND next_wrapped IS NOT NULL""",
                [media],
            )
            ended = connection.execute(
                "UPDATE grants SET revoked_at = now() WHERE media_id = %s AND revoked_at IS NULL RETURNING id", [media]
            ).fetchall()
        return [row["id"] for row in ended]

    def counts(self) -> dict[int, int]:
        """Master key version -> how many media keys it wraps."""
        rows = self._database.all("SELECT master_version, count(*) AS n FROM media_keys GROUP BY 1 ORDER BY 1")
        return {row["master_version"]: row["n"] for row in rows}

    def state(self) -> str:
        """Changes whenever the key of any media does."""
        row = self._database.one("SELECT md5(string_agg(md5(wrapped), '' ORDER BY media_id)) AS state FROM media_keys")
        return row["state"] or ""

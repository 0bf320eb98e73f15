"""Archives: what each one holds, frozen, and how far it is."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple

from control.domain.archives import Archive, Member
from control.storage.sql.pool import Database

_COLUMNS = "id::text, name, user_id::text, principal, ticket, files, bytes, state, percent, error, expires_at"
_BATCH = 1000
DEAD_SECONDS = 15  # without a sign of life whoever prepared it is gone


def packed(members: Sequence[Member]) -> bytes:
    """A manifest as it is kept. JSON's escapes hold the surrogates of names that are no UTF-8; Postgres' would not."""
    return zlib.compress(json.dumps([astuple(member) for member in members], separators=(",", ":")).encode(), 1)


def unpacked(manifest: bytes) -> list[Member]:
    return [Member(*fields) for fields in json.loads(zlib.decompress(manifest))]


class ArchiveStore:
    def __init__(self, database: Database):
        self._database = database

    def add(
        self, token_hash: bytes, user_id: str | None, principal: str, name: str, ticket: str, files: int, size: int,
        manifest: bytes, ready: bool, seconds: int,
    ) -> Archive:  # fmt: skip
        """Keep it for `seconds`; those whose time is over go."""
        self._database.run("DELETE FROM archives WHERE expires_at < now()")
        row = self._database.one(
            f"""INSERT INTO archives (token_hash, user_id, principal, name, ticket, files, bytes, manifest, state,
                    percent, expires_at)
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, now() + make_interval(secs => %s))
                RETURNING {_COLUMNS}""",  # noqa: S608
            [token_hash, user_id, principal, name, ticket, files, size, manifest, "ready" if ready else "preparing",
             100 if ready else 0, seconds],
        )  # fmt: skip
        return Archive(**row)

    def find(self, token_hash: bytes) -> Archive | None:
        row = self._database.one(
            f"SELECT {_COLUMNS} FROM archives WHERE token_hash = %s AND expires_at > now()",  # noqa: S608
            [token_hash],
        )
        return row and Archive(**row)

    def manifest(self, archive: str) -> bytes | None:
        row = self._database.one("SELECT manifest FROM archives WHERE id = %s AND expires_at > now()", [archive])
        return row and bytes(row["manifest"])

    def note_progress(self, archive: str, percent: float) -> bool:
        """A sign of life; False when it is not wanted any more."""
        return bool(
            self._database.run(
                "UPDATE archives SET percent = %s, updated_at = now() WHERE id = %s AND state = 'preparing'",
                [percent, archive],
            )
        )

    def take_over(self, archive: str) -> bool:
        """Whether it is ours to prepare now, because nobody else does."""
        return bool(
            self._database.run(
                """UPDATE archives SET updated_at = now() WHERE id = %s AND state = 'preparing'
                   AND updated_at < now() - make_interval(secs => %s)""",
                [archive, DEAD_SECONDS],
            )
        )

    def finish(self, archive: str, manifest: bytes, size: int) -> None:
        self._database.run(
            """UPDATE archives SET state = 'ready', percent = 100, manifest = %s, bytes = %s, updated_at = now()
               WHERE id = %s AND state = 'preparing'""",
            [manifest, size, archive],
        )

    def fail(self, archive: str, sentence: str) -> None:
        self._database.run(
            "UPDATE archives SET state = 'failed', error = %s WHERE id = %s AND state = 'preparing'",
            [sentence, archive],
        )

    # --- checksums of media -----------------------------------------------------------------------

    def checksums(self, ids: Sequence[str]) -> Mapping[str, dict]:
        """Media id -> crc32, crc32_of, and mtime_ns of a mounted file as the last scan saw it."""
        found = {}
        for start in range(0, len(ids), _BATCH):
            rows = self._database.all(
                "SELECT id::text, crc32, crc32_of, mtime_ns FROM media WHERE id = ANY(%s::uuid[])",
                [list(ids[start : start + _BATCH])],
            )
            found |= {row.pop("id"): row for row in rows}
        return found

    def note_checksums(self, found: Sequence[tuple[str, int, str]]) -> None:
        """Of each (media id, crc32, "size:mtime in ns" of the file that it was read from)."""
        self._database.run(
            """UPDATE media SET crc32 = f.crc32, crc32_of = f.of
               FROM unnest(%s::uuid[], %s::bigint[], %s::text[]) AS f (id, crc32, of) WHERE media.id = f.id""",
            [list(column) for column in zip(*found, strict=True)] if found else [[], [], []],
        )

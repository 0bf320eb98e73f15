"""Upload rows: quotas are reserved here, and one writer at a time is let in."""

from __future__ import annotations

from collections.abc import Sequence

from control.domain.uploads import HARMLESS_ENDS, Quota, Upload, Wanted
from control.storage.sql.pool import Connection, Database
from control.storage.sql.queue import DEFER, job_of

_COLUMNS = """u.id, u.owner_id::text, (SELECT username FROM users WHERE id = u.owner_id) AS owner_name, u.plane,
    u.role, u.name, u.folder, u.size_bytes AS size, u.part_bytes, u.sha256, u.vault, u.visibility,
    u.state, u.percent, u.error_code, u.error, u.media_id::text, u.created_at, u.expires_at, u.session_id::text,
    u.token_id::text, u.share_id::text"""
_LIVE = "u.state IN ('receiving', 'finishing') AND u.expires_at > now()"
# What a user has stored, and what is reserved by uploads under way.
_USED = """(SELECT coalesce(sum(size_bytes), 0) FROM media
    WHERE owner_id = %(owner)s AND source = 'upload' AND deleted_at IS NULL)"""
_RESERVED = f"(SELECT coalesce(sum(size_bytes), 0) FROM uploads u WHERE owner_id = %(owner)s AND {_LIVE})"  # noqa: S608


class UploadStore:
    def __init__(self, database: Database):
        self._database = database

    # --- beginning --------------------------------------------------------------------------------

    def create(
        self, upload: str, owner: str, wanted: Wanted, holders: dict[str, str | None], lease_hours: float,
        default_quota: int, max_live: int,
    ) -> str | None:  # fmt: skip
        """Reserve room and make the row, in one conditional statement; say what is lacking: "room", "turns", or None.

        The owner's row is locked meanwhile, so that two at once cannot both have the last room.
        """
        given = {
            "id": upload, "owner": owner, "plane": wanted.plane, "role": wanted.role, "name": wanted.name,
            "folder": wanted.folder, "size": wanted.size, "part": wanted.part_bytes, "sha256": wanted.sha256,
            "vault": wanted.vault, "visibility": wanted.visibility, "hours": lease_hours,
            "quota": default_quota, **holders,
        }  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute("SELECT 1 FROM users WHERE id = %s FOR UPDATE", [owner])
            if _live_of(connection, owner) >= max_live:
                return "turns"
            made = connection.execute(_CREATE, given).rowcount
        return None if made else "room"

    def create_from(self, upload: str, partials: Sequence[Upload], wanted: Wanted, lease_hours: float) -> bool:
        """One upload in place of partial ones, with the room that they had; False where one of them has gone."""
        first = partials[0]
        with self._database.transaction() as connection:
            gone = connection.execute(
                "DELETE FROM uploads WHERE id = ANY(%s) AND state = 'receiving'", [[one.id for one in partials]]
            ).rowcount
            if gone != len(partials):
                connection.rollback()
                return False
            given = {
                "id": upload, "owner": first.owner_id, "plane": "parts", "role": "whole", "name": wanted.name,
                "folder": wanted.folder, "size": wanted.size, "part": wanted.size, "sha256": None,
                "vault": wanted.vault, "visibility": wanted.visibility, "hours": lease_hours,
                "quota": 0, "session": first.session_id, "token": first.token_id, "share": first.share_id,
            }  # fmt: skip
            if not connection.execute(_CREATE, given).rowcount:
                connection.rollback()
                return False
        return True

    # --- asking -----------------------------------------------------------------------------------

    def find(self, upload: str) -> Upload | None:
        """Also one that is complete or refused, until it is forgotten."""
        row = self._database.one(
            f"""SELECT {_COLUMNS}, (NOT o.active OR t.revoked_at IS NOT NULL
                    OR s.ended_at IS NOT NULL AND NOT (coalesce(s.end_reason, '') = ANY(%s))) AS ended
                FROM uploads u JOIN users o ON o.id = u.owner_id LEFT JOIN sessions s ON s.id = u.session_id
                    LEFT JOIN service_tokens t ON t.id = u.token_id
                WHERE u.id = %s AND (u.expires_at > now() OR u.state = 'finishing')""",  # noqa: S608
            [list(HARMLESS_ENDS), upload],
        )
        return row and _upload(row)

    def live(self, owner: str) -> list[Upload]:
        """What a user has under way, the newest first."""
        rows = self._database.all(
            f"SELECT {_COLUMNS} FROM uploads u WHERE owner_id = %s AND {_LIVE} ORDER BY created_at DESC, id",  # noqa: S608
            [owner],
        )
        return [_upload(row) for row in rows]

    def live_ids(self) -> set[str]:
        rows = self._database.all("SELECT id FROM uploads WHERE state IN ('receiving', 'finishing')")
        return {row["id"] for row in rows}

    def of_share(self, share: str) -> list[str]:
        """Ids of what is under way through one share."""
        rows = self._database.all(f"SELECT u.id FROM uploads u WHERE share_id = %s AND {_LIVE}", [share])  # noqa: S608
        return [row["id"] for row in rows]

    def quota(self, owner: str, default: int) -> Quota:
        row = self._database.one(
            f"""SELECT {_USED}::bigint AS used, {_RESERVED}::bigint AS reserved,
                    coalesce((SELECT quota_bytes FROM users WHERE id = %(owner)s), %(default)s) AS "limit" """,  # noqa: S608
            {"owner": owner, "default": default},
        )
        return Quota(**row)

    def set_quota(self, owner: str, quota: int | None) -> None:
        self._database.run("UPDATE users SET quota_bytes = %s, updated_at = now() WHERE id = %s", [quota, owner])

    # --- one writer at a time ---------------------------------------------------------------------

    def enter(self, upload: str, writer: str, seconds: int, finishing: bool = False) -> bool:
        """Let `writer` in, unless another one that lives is; once it is `finishing` no byte is taken any more."""
        return bool(
            self._database.run(
                """UPDATE uploads SET writer = %s, writing_until = now() + make_interval(secs => %s),
                       state = CASE WHEN %s THEN 'finishing' ELSE state END
                   WHERE id = %s AND state IN ('receiving', 'finishing') AND (state = 'receiving' OR %s)
                       AND (writing_until IS NULL OR writing_until < now())""",
                [writer, seconds, finishing, upload, finishing],
            )
        )

    def stay(self, upload: str, writer: str, seconds: int, percent: float) -> bool:
        """The writer lives; False when somebody else has taken its place."""
        return bool(
            self._database.run(
                """UPDATE uploads SET writing_until = now() + make_interval(secs => %s), percent = %s
                   WHERE id = %s AND writer = %s""",
                [seconds, percent, upload, writer],
            )
        )

    def leave(self, upload: str, writer: str, lease_hours: float, back: bool = False) -> None:
        """The next writer may come; `back`: and so may more bytes."""
        self._database.run(
            """UPDATE uploads SET writer = NULL, writing_until = now(), percent = 0,
                   expires_at = now() + make_interval(secs => %s),
                   state = CASE WHEN %s THEN 'receiving' ELSE state END
               WHERE id = %s AND writer = %s""",
            [lease_hours * 3600, back, upload, writer],
        )

    def touch(self, upload: str, lease_hours: float) -> bool:
        """Somebody goes on with it; False when it takes nothing any more."""
        return bool(
            self._database.run(
                """UPDATE uploads SET expires_at = now() + make_interval(secs => %s)
                   WHERE id = %s AND state = 'receiving'""",
                [lease_hours * 3600, upload],
            )
        )

    def abandoned(self, seconds: float) -> list[str]:
        """What should be finished, and nobody has been at for so long: its worker was killed, or a disk was full."""
        rows = self._database.all(
            "SELECT id FROM uploads WHERE state = 'finishing' AND writing_until < now() - make_interval(secs => %s)",
            [seconds],
        )
        return [row["id"] for row in rows]

    # --- its end ----------------------------------------------------------------------------------

    def complete(self, upload: Upload, kind: str, sha256: bytes, crc32: int) -> None:
        """The media is in the library and queued, and the room that was reserved is used, all at once."""
        with self._database.transaction() as connection:
            connection.execute(
                """INSERT INTO media (id, owner_id, name, kind, size_bytes, sha256, crc32, source, visibility, folder,
                       stored, original) VALUES (%s, %s, %s, %s, %s, %s, %s, 'upload', %s, %s, %s, %s)
                   ON CONFLICT (id) DO NOTHING""",
                [upload.media_id, upload.owner_id, upload.name, kind, upload.size, sha256, crc32, upload.visibility,
                 upload.folder, None if upload.vault else upload.stored, "" if upload.vault else "kept"],
            )  # fmt: skip
            connection.execute(
                """UPDATE uploads SET state = 'completed', percent = 100, sha256 = %s, writer = NULL,
                       writing_until = NULL WHERE id = %s""",
                [sha256, upload.id],
            )
            connection.execute(DEFER, job_of(upload.media_id, kind))

    def refuse(self, upload: str, code: str, sentence: str) -> None:
        """It becomes nothing; why is told to whoever asks, and its room is free."""
        self._database.run(
            """UPDATE uploads SET state = 'refused', error_code = %s, error = %s, writer = NULL, writing_until = NULL
               WHERE id = %s""",
            [code, sentence, upload],
        )

    def remove(self, upload: str) -> bool:
        """Given up; False while it is being finished, or when it is no more."""
        return bool(self._database.run("DELETE FROM uploads WHERE id = %s AND state <> 'finishing'", [upload]))

    def remove_expired(self) -> list[str]:
        """Nobody went on with them; return their ids."""
        rows = self._database.all(
            """DELETE FROM uploads WHERE expires_at < now()
                   AND (state <> 'finishing' OR coalesce(writing_until, '-infinity') < now()) RETURNING id"""
        )
        return [row["id"] for row in rows]


_CREATE = f"""INSERT INTO uploads (id, owner_id, session_id, token_id, share_id, plane, role, name, folder, size_bytes,
        part_bytes, sha256, vault, visibility, expires_at)
    SELECT %(id)s, %(owner)s, %(session)s, %(token)s, %(share)s, %(plane)s, %(role)s, %(name)s, %(folder)s, %(size)s,
        %(part)s, %(sha256)s, %(vault)s, %(visibility)s, now() + make_interval(secs => %(hours)s * 3600)
    FROM (SELECT coalesce(quota_bytes, %(quota)s) AS quota FROM users WHERE id = %(owner)s) o
    WHERE o.quota = 0 OR {_USED} + {_RESERVED} + %(size)s <= o.quota"""  # noqa: S608


def _live_of(connection: Connection, owner: str) -> int:
    query = f"SELECT count(*) AS n FROM uploads u WHERE owner_id = %s AND {_LIVE}"  # noqa: S608
    return connection.execute(query, [owner]).fetchone()["n"]


def _upload(row: dict) -> Upload:
    row["sha256"] = row["sha256"] and bytes(row["sha256"])
    return Upload(**row)

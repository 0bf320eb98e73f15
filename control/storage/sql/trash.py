"""The trash: media rows that nobody else sees. What is gone for good keeps its row until its files are removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from psycopg import DataError

from control.domain.media import Media
from control.domain.queue import TASK
from control.domain.trash import Contents, Remains, Trashed
from control.errors import BadRequest
from control.storage.sql.media import ALIVE, COLUMNS, media_of
from control.storage.sql.pool import Connection, Database
from control.storage.sql.queue import DEFER, job_of

_IN_TRASH = "trashed_at IS NOT NULL AND deleted_at IS NULL"
_OF = "(%(owner)s::uuid IS NULL OR owner_id = %(owner)s)"
# A job that runs still writes: what it works on is removed once it has noticed and stopped.
_IDLE = f"""NOT EXISTS (SELECT FROM procrastinate_jobs j WHERE j.args ->> 'media' = m.id::text
    AND j.status = 'doing' AND j.task_name = '{TASK}')"""

_LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"

Position = tuple[str, str]  # when it went into the trash, as text, and its id: where a page ends
Act = Callable[[Sequence[Media]], None]


class TrashStore:
    """`changed` is called with the id of every media that a decision or a page could see differently now."""

    def __init__(self, database: Database, changed: Callable[[str], None] = lambda media: None):
        self._database, self._changed = database, changed

    # --- looking ----------------------------------------------------------------------------------

    def page(
        self, owner: str | None, limit: int, after: Position | None = None
    ) -> tuple[list[Trashed], Position | None]:
        """What is in the trash of a user (None: of everybody), the latest first, and where the next page goes on.

        Raises BadRequest for an `after` that is none.
        """
        names = "(SELECT username FROM users WHERE id = {}) AS {}"
        at, last = after or ("infinity", _LAST)
        try:
            rows = self._database.all(
                f"""SELECT {COLUMNS}, {names.format("trashed_by", '"by"')}, {names.format("owner_id", "owner")}
                    FROM media WHERE {_IN_TRASH} AND {_OF} AND (trashed_at, id) < (%(at)s::timestamptz, %(last)s::uuid)
                    ORDER BY trashed_at DESC, media.id DESC LIMIT %(limit)s""",  # noqa: S608
                {"owner": owner, "limit": limit + 1, "at": at, "last": last},
            )
        except DataError:  # a cursor of somebody's own making
            raise BadRequest("cursor: it must be the next_cursor of an earlier answer.") from None
        found = [_trashed(row) for row in rows[:limit]]
        end = (found[-1].at.isoformat(), found[-1].media.id) if len(rows) > limit else None
        return found, end

    def owned(self, owner: str, limit: int) -> list[Media]:
        """Media of a user that could go into the trash."""
        rows = self._database.all(
            f"SELECT {COLUMNS} FROM media WHERE owner_id = %s AND mount IS NULL AND {ALIVE} LIMIT %s",  # noqa: S608
            [owner, limit],
        )
        return [media_of(row) for row in rows]

    def contents(self, owner: str | None) -> Contents:
        row = self._database.one(
            f"""SELECT count(*) AS items, coalesce(sum(size_bytes), 0)::bigint AS size_bytes FROM media
                WHERE {_IN_TRASH} AND {_OF}""",  # noqa: S608
            {"owner": owner},
        )
        return Contents(**row)

    # --- in and out -------------------------------------------------------------------------------

    def put(self, media: Sequence[str], by: str | None) -> list[str]:
        """Into the trash; return which were not there yet. Mounted ones never are."""
        rows = self._database.all(
            f"""UPDATE media SET trashed_at = now(), trashed_by = %s, revision = revision + 1, updated_at = now()
                WHERE id = ANY(%s::uuid[]) AND {ALIVE} AND mount IS NULL RETURNING id::text""",  # noqa: S608
            [by, list(media)],
        )
        return self._told(rows)

    def hold(self, media: Sequence[str], act: Act) -> None:
        """Call `act` with those of them that are in the trash, while nobody can bring them back or remove them."""
        with self._database.transaction() as connection:
            act(_locked(connection, media))

    def restore(self, media: Sequence[str], act: Act) -> list[str]:
        """Call `act` with those that are in the trash, then bring them back; return which. An import that was put
        aside is queued again."""
        with self._database.transaction() as connection:
            held = _locked(connection, media)
            act(held)
            rows = connection.execute(
                """UPDATE media SET trashed_at = NULL, trashed_by = NULL, revision = revision + 1, updated_at = now()
                   WHERE id = ANY(%s::uuid[]) RETURNING id::text""",
                [[one.id for one in held]],
            ).fetchall()
            for one in held:
                if one.state not in ("completed", "failed") and not _waits(connection, one.id):
                    connection.execute(DEFER, job_of(one.id, one.kind))
        return self._told(rows)

    # --- for good ---------------------------------------------------------------------------------

    def doom(self, media: Sequence[str]) -> list[str]:
        """They never come back; return which were still there. Mounted ones only go when their file does."""
        rows = self._database.all(
            """UPDATE media SET deleted_at = now(), updated_at = now()
               WHERE id = ANY(%s::uuid[]) AND deleted_at IS NULL AND mount IS NULL RETURNING id::text""",
            [list(media)],
        )
        return self._told(rows)

    def doom_all(self, owner: str | None, before: datetime) -> list[Trashed]:
        """Everything of a user (None: of everybody) that went into the trash before a moment; return it."""
        rows = self._database.all(
            f"""UPDATE media SET deleted_at = now(), updated_at = now() WHERE {_IN_TRASH} AND {_OF}
                AND trashed_at < %(before)s RETURNING {COLUMNS}, '' AS "by", '' AS owner""",  # noqa: S608
            {"owner": owner, "before": before},
        )
        self._told(rows)
        return [_trashed(row) for row in rows]

    def doomed(self, limit: int, only: str | None = None) -> list[Remains]:
        """What is gone for good and still has files, or one of that; nothing that somebody still works on."""
        rows = self._database.all(
            f"""SELECT m.id::text, m.name, m.stored, i.path, i.inode, i.mtime_ns
                FROM media m LEFT JOIN imports i ON i.media_id = m.id
                WHERE m.deleted_at IS NOT NULL AND m.source <> 'mount' AND {_IDLE}
                    AND (%(only)s::uuid IS NULL OR m.id = %(only)s)
                ORDER BY m.deleted_at, m.id LIMIT %(limit)s""",  # noqa: S608
            {"only": only, "limit": limit},
        )
        return [Remains(**row | {"path": row["path"] and bytes(row["path"])}) for row in rows]

    def forget(self, media: str) -> None:
        """Its files are removed: now its row, keys and grants are too."""
        self._database.run(
            "DELETE FROM media WHERE id = %s AND deleted_at IS NOT NULL AND source <> 'mount'", [media]
        )

    def plain(self, limit: int, after: str) -> list[Media]:
        """What is in the trash and has a plain original, by id."""
        rows = self._database.all(
            f"""SELECT {COLUMNS} FROM media WHERE {_IN_TRASH} AND original = 'kept' AND id > %s::uuid
                ORDER BY id LIMIT %s""",  # noqa: S608
            [after, limit],
        )
        return [media_of(row) for row in rows]

    def _told(self, rows: Sequence[dict]) -> list[str]:
        """Their ids, once everybody knows of the change."""
        for row in rows:
            self._changed(row["id"])
        return [row["id"] for row in rows]


def _locked(connection: Connection, media: Sequence[str]) -> list[Media]:
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM media WHERE id = ANY(%s::uuid[]) AND {_IN_TRASH} ORDER BY id FOR UPDATE",  # noqa: S608
        [list(media)],
    ).fetchall()
    return [media_of(row) for row in rows]


def _waits(connection: Connection, media: str) -> bool:
    query = "SELECT 1 FROM procrastinate_jobs WHERE args ->> 'media' = %s AND status = 'todo' AND task_name = %s"
    return connection.execute(query, [media, TASK]).fetchone() is not None


def _trashed(row: dict) -> Trashed:
    by, owner = row.pop("by") or "", row.pop("owner") or ""
    return Trashed(media_of(row), row["trashed_at"], by, owner)

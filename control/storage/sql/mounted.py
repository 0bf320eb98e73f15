"""The media of mounts: what the scans have found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from control.domain.media import Media
from control.storage.sql.media import COLUMNS, media_of
from control.storage.sql.pool import Database


@dataclass(frozen=True, slots=True)
class Mounted:
    """A file of a mount, as a scan finds it."""

    path: str  # below the mount; surrogateescape for bytes that are no UTF-8
    name: str  # for people
    kind: str
    mime: str
    size: int
    mtime_ns: int


class MountedStore:
    """`changed` is called with the id of every media that a decision or a page could see differently now."""

    def __init__(self, database: Database, changed: Callable[[str], None] = lambda media: None):
        self._database, self._changed = database, changed

    def find(self, mount: str, path: str) -> Media | None:
        row = self._database.one(
            f"SELECT {COLUMNS} FROM media WHERE mount = %s AND path = %s AND deleted_at IS NULL",  # noqa: S608
            [mount, os.fsencode(path)],
        )
        return row and media_of(row)

    def upsert(self, mount: str, files: Sequence[Mounted]) -> None:
        """Create or refresh the media of mounted files; what was made of an earlier content counts no more."""
        rows = self._database.all(
            """INSERT INTO media (mount, source, original, state, progress, path, name, kind, mime, size_bytes,
                   mtime_ns)
               SELECT %s, 'mount', 'mount', 'completed', 100, * FROM unnest(
                   %s::bytea[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
               ON CONFLICT (mount, path) WHERE mount IS NOT NULL DO UPDATE
               SET size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, kind = excluded.kind,
                   mime = excluded.mime, original = 'mount', deleted_at = NULL, derived_at = NULL, error = NULL,
                   error_code = NULL, state = 'completed', renditions = '[]', tracks = '[]', stills = '{}',
                   revision = media.revision + 1
               RETURNING id::text, xmax <> 0 AS known""",
            [
                mount, [os.fsencode(file.path) for file in files], [file.name for file in files],
                [file.kind for file in files], [file.mime for file in files], [file.size for file in files],
                [file.mtime_ns for file in files],
            ],
        )  # fmt: skip
        for row in rows:
            if row["known"]:  # nobody has a copy of what is new
                self._changed(row["id"])

    def drop(self, mount: str, paths: Iterable[str]) -> list[str]:
        """Their files are gone; return the ids. A file that comes back is the same media again."""
        rows = self._database.all(
            """UPDATE media SET deleted_at = now(), updated_at = now()
               WHERE mount = %s AND path = ANY(%s) AND deleted_at IS NULL RETURNING id::text""",
            [mount, [os.fsencode(path) for path in paths]],
        )
        for row in rows:
            self._changed(row["id"])
        return [row["id"] for row in rows]

    def known(self, mount: str) -> dict[str, tuple[int, int | None]]:
        """Path -> (size, mtime in ns) of everything of a mount that is in the library."""
        rows = self._database.all(
            "SELECT path, size_bytes, mtime_ns FROM media WHERE mount = %s AND deleted_at IS NULL", [mount]
        )
        return {os.fsdecode(row["path"]): (row["size_bytes"], row["mtime_ns"]) for row in rows}

    def underived(self, mount: str, limit: int) -> list[Media]:
        """Mounted media whose renditions are still to be made, and that no job waits for."""
        rows = self._database.all(
            f"""SELECT {COLUMNS} FROM media WHERE mount = %s AND deleted_at IS NULL AND derived_at IS NULL
                AND error_code IS NULL AND NOT EXISTS (SELECT FROM procrastinate_jobs j
                WHERE j.args ->> 'media' = media.id::text AND j.status IN ('todo', 'doing'))
                ORDER BY id LIMIT %s""",  # noqa: S608
            [mount, limit],
        )
        return [media_of(row) for row in rows]

    def find_by_stem(self, mount: str, stem: str) -> list[Media]:
        """Everything of a mount that is called so but for its ending; in ASCII "/" follows "."."""
        rows = self._database.all(
            f"""SELECT {COLUMNS} FROM media WHERE mount = %s AND deleted_at IS NULL
                AND lower(name) COLLATE "C" >= lower(%s) AND lower(name) COLLATE "C" < lower(%s)""",  # noqa: S608
            [mount, stem + ".", stem + "/"],
        )
        return [media for media in map(media_of, rows) if media.name.rpartition(".")[0] == stem]

    def find_by_name(self, mount: str, name: str) -> list[Media]:
        """Everything of a mount that is called so, whatever its case and directory."""
        rows = self._database.all(
            f"""SELECT {COLUMNS} FROM media WHERE mount = %s AND lower(name) COLLATE "C" = lower(%s)
                AND deleted_at IS NULL""",  # noqa: S608
            [mount, name],
        )
        return [media_of(row) for row in rows]

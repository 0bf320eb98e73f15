"""Media rows: one media, and every step of its import. Lists are library.py's."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from control.domain.folders import readable
from control.domain.media import Media, Original, Rendition, Track
from control.storage.sql.pool import Database

COLUMNS = """id::text, name, kind, mime, size_bytes, source, state, created_at, owner_id::text, visibility, progress,
    error_code, error, width, height, duration, renditions, tracks, stills, facts, tags, original, revision,
    mount, path, stored, folder, trashed_at"""
ALIVE = "deleted_at IS NULL AND trashed_at IS NULL"

class MediaStore:
    """`changed` is called with the id of every media that a decision or a page could see differently now."""

    def __init__(self, database: Database, changed: Callable[[str], None] = lambda media: None):
        self._database = database
        self._changed = changed

    def _update(self, media: str, query: str, parameters: list) -> None:
        self._database.run(query, parameters)
        self._changed(media)

    # --- reading ----------------------------------------------------------------------------------

    def find(self, media: str) -> Media | None:
        """Also one in the trash."""
        row = self._database.one(f"SELECT {COLUMNS} FROM media WHERE id = %s AND deleted_at IS NULL", [media])  # noqa: S608
        return row and media_of(row)

    def find_ever(self, media: str) -> Media | None:
        """Also one that is not in the library any more."""
        row = self._database.one(f"SELECT {COLUMNS} FROM media WHERE id = %s", [media])  # noqa: S608
        return row and media_of(row)

    def find_all(self, ids: Sequence[str], stored: Sequence[str] = ()) -> list[Media]:
        """Those that there are of these ids and places of uploads, in no order, also in the trash."""
        rows = self._database.all(
            f"SELECT {COLUMNS} FROM media WHERE (id = ANY(%s::uuid[]) OR stored = ANY(%s)) AND deleted_at IS NULL",  # noqa: S608
            [list(ids), list(stored)],
        )
        return [media_of(row) for row in rows]

    def in_folder(self, owner: str, folder: str, limit: int) -> list[Media]:
        """What `owner` keeps in a folder and below it, by folder and name."""
        rows = self._database.all(
            f"""SELECT {COLUMNS} FROM media WHERE owner_id = %s AND {ALIVE}
                AND (folder = %s OR starts_with(folder, %s)) ORDER BY folder, lower(name), id LIMIT %s""",  # noqa: S608
            [owner, folder, folder + "/", limit],
        )
        return [media_of(row) for row in rows]

    # --- the import ledger ------------------------------------------------------------------------

    def register_import(self, path: bytes, stat: os.stat_result, name: str, kind: str) -> str | None:
        """Create the media of a file at rest in imports/; None when this very file was taken up before.

        `path` is below imports/, whose directories are folders. The ledger row and the media row are made in one
        transaction.
        """
        ledger = [path, stat.st_ino, stat.st_size, stat.st_mtime_ns]
        with self._database.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(hashtext(encode(%s, 'hex')))", [path])
            seen = connection.execute(
                "SELECT 1 FROM imports WHERE path = %s AND inode = %s AND size_bytes = %s AND mtime_ns = %s", ledger
            ).fetchone()
            if seen:
                return None
            media = connection.execute(
                "INSERT INTO media (name, folder, kind, size_bytes, source) VALUES (%s, %s, %s, %s, 'import')"
                " RETURNING id::text",
                [name, os.path.dirname(readable(path)), kind, stat.st_size],
            ).fetchone()["id"]
            connection.execute(
                "INSERT INTO imports (path, inode, size_bytes, mtime_ns, media_id) VALUES (%s, %s, %s, %s, %s)",
                [*ledger, media],
            )
            return media

    def import_path(self, media: str) -> bytes | None:
        """Where the file of `media` lies below imports/; None for a media that was not imported."""
        row = self._database.one("SELECT path FROM imports WHERE media_id = %s", [media])
        return row and bytes(row["path"])

    def note_import(self, media: str, stat: os.stat_result) -> None:
        """The file of `media` is this one now, and is not taken for a new one."""
        self._database.run(
            "UPDATE imports SET inode = %s, size_bytes = %s, mtime_ns = %s WHERE media_id = %s",
            [stat.st_ino, stat.st_size, stat.st_mtime_ns, media],
        )

    def imported_beside(self, path: bytes) -> list[tuple[Media, bytes]]:
        """Complete films of imports/, the newest first, whose paths begin as `path` does up to the first dot of its
        name: what a text file may belong to."""
        directory, slash, name = path.rpartition(b"/")
        prefix = directory + slash + name.split(b".")[0]
        rows = self._database.all(
            f"""SELECT {COLUMNS}, import_path FROM media JOIN (
                    SELECT media_id, path AS import_path, seen_at FROM imports WHERE path >= %s AND path < %s
                ) i ON media_id = id
                WHERE kind = 'video' AND state = 'completed' AND {ALIVE} ORDER BY seen_at DESC""",  # noqa: S608
            [prefix, prefix + b"\xff"],
        )
        paths = [bytes(row.pop("import_path")) for row in rows]
        return list(zip(map(media_of, rows), paths, strict=True))

    def unqueued_imports(self) -> list[Media]:
        """Imports that wait without a job: the processor ended between registering and queueing them."""
        rows = self._database.all(
            f"""SELECT {COLUMNS} FROM media WHERE source = 'import' AND state IN ('pending', 'processing', 'playable')
                AND {ALIVE} AND NOT EXISTS (SELECT FROM procrastinate_jobs j
                WHERE j.args ->> 'media' = media.id::text AND j.status IN ('todo', 'doing'))"""  # noqa: S608
        )
        return [media_of(row) for row in rows]

    # --- the steps of a job -----------------------------------------------------------------------

    def begin(self, media: str) -> None:
        """The job has started (again): nothing of an earlier try is visible any more."""
        self._update(
            media,
            """UPDATE media SET state = 'processing', progress = 0, error = NULL, error_code = NULL, renditions = '[]',
               tracks = '[]', stills = '{}', derived_at = NULL, revision = revision + 1, updated_at = now()
               WHERE id = %s""",
            [media],
        )

    def describe(self, media: str, *, kind: str, mime: str, sha256: bytes | None = None, width: int | None = None,
                 height: int | None = None, duration: float | None = None,
                 facts: dict[str, Any] | None = None) -> None:  # fmt: skip
        """Record what the probe found."""
        self._update(
            media,
            """UPDATE media SET kind = %s, mime = %s, sha256 = coalesce(%s, sha256), width = %s, height = %s,
               duration = %s, facts = facts || %s, updated_at = now() WHERE id = %s""",
            [kind, mime, sha256, width, height, duration, Jsonb(facts or {}), media],
        )

    def set_renditions(self, media: str, renditions: Sequence[Rendition], tracks: Sequence[Track]) -> None:
        """Publish what can be played now; an empty list takes it back."""
        self._update(
            media,
            """UPDATE media SET renditions = %s, tracks = %s,
               state = CASE WHEN %s THEN 'playable' ELSE 'processing' END,
               revision = revision + 1, updated_at = now() WHERE id = %s""",
            [_json(renditions), _json(tracks), bool(renditions), media],
        )

    def complete(self, media: str, original: Original) -> None:
        """Everything is made; `original` says where the file itself has gone."""
        self._update(
            media,
            """UPDATE media SET state = 'completed', progress = 100, error = NULL, error_code = NULL, original = %s,
               derived_at = now(), revision = revision + 1, updated_at = now() WHERE id = %s""",
            [original, media],
        )

    def add_facts(self, media: str, facts: dict[str, Any]) -> None:
        self._update(media, "UPDATE media SET facts = facts || %s WHERE id = %s", [Jsonb(facts), media])

    def add_track(self, media: str, track: Track) -> None:
        """One more beside those that there are."""
        self._update(
            media,
            "UPDATE media SET tracks = tracks || %s, revision = revision + 1, updated_at = now() WHERE id = %s",
            [_json([track]), media],
        )

    def note(self, media: str, code: str | None, sentence: str | None) -> None:
        """Say what a running import waits for; None: it goes on."""
        self._update(media, "UPDATE media SET error_code = %s, error = %s WHERE id = %s", [code, sentence, media])

    def set_stills(self, media: str, stills: list[str]) -> None:
        self._update(
            media,
            "UPDATE media SET stills = %s, revision = revision + 1, updated_at = now() WHERE id = %s",
            [stills, media],
        )

    def set_progress(self, media: str, percent: float) -> None:
        self._update(
            media,
            "UPDATE media SET progress = greatest(progress, %s), updated_at = now() WHERE id = %s",
            [percent, media],
        )

    def fail(self, media: str, code: str, reason: str) -> None:
        self._update(
            media,
            """UPDATE media SET state = CASE WHEN source = 'mount' THEN 'completed' ELSE 'failed' END,
               error_code = %s, error = %s, renditions = '[]', tracks = '[]', stills = '{}',
               revision = revision + 1, updated_at = now() WHERE id = %s""",
            [code, reason, media],
        )

    # --- the same content twice -------------------------------------------------------------------

    def note_content(self, media: str, sha256: bytes, duplicate_of: str | None) -> None:
        self._update(
            media,
            "UPDATE media SET sha256 = %s, facts = facts || %s, updated_at = now() WHERE id = %s",
            [sha256, Jsonb({"duplicate_of": duplicate_of} if duplicate_of else {}), media],
        )

    def content_of(self, media: str) -> bytes | None:
        """SHA-256 of its original, where that is known."""
        row = self._database.one("SELECT sha256 FROM media WHERE id = %s", [media])
        return row and row["sha256"] and bytes(row["sha256"])

    def crc32_of(self, media: str) -> int | None:
        """CRC-32 of its original, where that is known."""
        row = self._database.one("SELECT crc32 FROM media WHERE id = %s", [media])
        return row and row["crc32"]

    def has_size(self, size: int, other_than: str) -> bool:
        """Whether another media of ours is as large: only then can it be the same. Uploads stay by themselves."""
        return bool(
            self._database.one(
                f"""SELECT 1 FROM media WHERE size_bytes = %s AND id <> %s AND source <> 'mount' AND sha256 IS NOT NULL
                   AND stored IS NULL AND state = 'completed' AND {ALIVE} LIMIT 1""",  # noqa: S608
                [size, other_than],
            )
        )

    def find_by_content(self, sha256: bytes, other_than: str) -> Media | None:
        """The oldest complete import with this content."""
        row = self._database.one(
            f"""SELECT {COLUMNS} FROM media WHERE sha256 = %s AND id <> %s AND source <> 'mount'
                AND stored IS NULL AND state = 'completed' AND {ALIVE}
                ORDER BY created_at, id LIMIT 1""",  # noqa: S608
            [sha256, other_than],
        )
        return row and media_of(row)

    def link(self, media: str, other: Media) -> None:
        """Everything that is known of `other` goes for `media` too: their renditions are the same files."""
        self._update(
            media,
            """UPDATE media SET kind = o.kind, mime = o.mime, sha256 = o.sha256, width = o.width, height = o.height,
               duration = o.duration, renditions = o.renditions, tracks = o.tracks, stills = o.stills,
               facts = o.facts || %s, revision = media.revision + 1
               FROM media o WHERE o.id = %s AND media.id = %s""",
            [Jsonb({"duplicate_of": other.id}), other.id, media],
        )

    def set_access(self, media: str, visibility: str, owner: str | None) -> None:
        """Who may see it, and whose it is."""
        self._update(
            media,
            "UPDATE media SET visibility = %s, owner_id = %s, updated_at = now() WHERE id = %s",
            [visibility, owner, media],
        )

    def rename(self, media: str, name: str, tags: Sequence[str]) -> None:
        """What people call it, and the words that they find it by."""
        self._update(
            media,
            """UPDATE media SET name = %s, tags = %s, revision = revision + 1, updated_at = now() WHERE id = %s""",
            [name, list(tags), media],
        )

    def retry(self, media: str, reason: str | None) -> None:
        """Back to `pending`: the queue will take it up again."""
        self._update(
            media,
            "UPDATE media SET state = 'pending', error = %s, error_code = NULL, updated_at = now() WHERE id = %s",
            [reason, media],
        )


def _json(items: Sequence[Rendition | Track]) -> Jsonb:
    return Jsonb([asdict(item) for item in items])


def media_of(row: dict) -> Media:
    row["renditions"] = tuple(Rendition(**rendition) for rendition in row["renditions"])
    row["tracks"] = tuple(Track(**track) for track in row["tracks"])
    row["stills"], row["tags"] = tuple(row["stills"]), tuple(row["tags"])
    row["path"] = None if row["path"] is None else os.fsdecode(row["path"])
    return Media(**row)

"""What the database knows of the server's health, and of what is kept."""

from __future__ import annotations

from control.domain.health import DatabaseFacts, Kept, QueueFacts, Tables, WorkerFacts
from control.domain.queue import TASK
from control.errors import DiskFull
from control.storage.sql import migrate
from control.storage.sql.pool import Database

NOBODY = ""  # owner of what is nobody's


class HealthStore:
    def __init__(self, database: Database):
        self._database = database

    def database(self) -> DatabaseFacts:
        row = self._database.one(
            """SELECT current_setting('server_version') AS version, clock_timestamp() AS now,
                   (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
                   current_setting('max_connections')::int AS most_connections,
                   pg_database_size(current_database()) AS bytes"""
        )
        return DatabaseFacts(**row)

    def tables(self) -> Tables:
        known, had = migrate.known(), set()
        if self._database.one("SELECT to_regclass('_yoyo_migration') AS found")["found"] is not None:
            had = {row["name"] for row in self._database.all("SELECT migration_id AS name FROM _yoyo_migration")}
        return Tables(sorted(known - had), sorted(had - known))

    def workers(self, heard_seconds: float) -> WorkerFacts:
        """The lanes of processors that were heard of within so long, and when one was heard last."""
        row = self._database.one(
            """SELECT count(*) FILTER (WHERE last_heartbeat > now() - make_interval(secs => %s)) AS lanes,
                   max(last_heartbeat) AS heard_at FROM procrastinate_workers""",
            [heard_seconds],
        )
        return WorkerFacts(**row)

    def queue(self) -> QueueFacts:
        row = self._database.one(
            """SELECT count(*) FILTER (WHERE j.status = 'doing') AS running,
                   count(*) FILTER (WHERE j.status = 'todo') AS waiting,
                   count(*) FILTER (WHERE j.status = 'doing' AND m.error_code = %s) AS paused,
                   min(m.created_at) FILTER (WHERE j.status = 'todo' AND j.scheduled_at IS NULL) AS oldest_at
               FROM procrastinate_jobs j JOIN media m ON m.id::text = j.args ->> 'media'
               WHERE j.status IN ('todo', 'doing') AND j.task_name = %s""",
            [DiskFull.code, TASK],
        )
        return QueueFacts(**row)

    def kept(self) -> dict[str, Kept]:
        """What is recorded of files, by where they lie."""
        rows = self._database.all(
            """SELECT CASE WHEN trashed_at IS NOT NULL THEN 'trash' WHEN mount IS NOT NULL THEN 'mounts'
                   WHEN state = 'failed' AND stored IS NULL THEN 'quarantine'
                   WHEN original = 'archived' THEN 'archive' WHEN original = 'kept' OR stored IS NOT NULL THEN 'files'
                   WHEN source = 'import' AND state <> 'completed' THEN 'imports' ELSE 'vault' END AS name,
                   count(*) AS files, coalesce(sum(size_bytes), 0)::bigint AS bytes
               FROM media WHERE deleted_at IS NULL GROUP BY 1
               UNION ALL SELECT 'spool', count(*), coalesce(sum(size_bytes), 0)::bigint FROM uploads
               WHERE state IN ('receiving', 'finishing')"""
        )
        return {row["name"]: Kept(**row) for row in rows}

    def by_owner(self, limit: int) -> list[Kept]:
        """Who keeps how much of what lies here, mounts left out; the largest first. NOBODY's have an empty name."""
        rows = self._database.all(
            """SELECT coalesce(u.username, '') AS name, o.files, o.bytes FROM (
                   SELECT owner_id, count(*) AS files, coalesce(sum(size_bytes), 0)::bigint AS bytes FROM media
                   WHERE deleted_at IS NULL AND mount IS NULL GROUP BY owner_id) o
               LEFT JOIN users u ON u.id = o.owner_id ORDER BY o.bytes DESC, name LIMIT %s""",
            [limit],
        )
        return [Kept(**row) for row in rows]

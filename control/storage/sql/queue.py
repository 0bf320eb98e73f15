"""The queue's rows. The tables are procrastinate's; its worker runs in the processor alone."""

from __future__ import annotations

from psycopg.types.json import Jsonb

from control.domain.queue import LANES, TASK, Job
from control.errors import DiskFull
from control.storage.sql.pool import Database

_JOBS = """SELECT m.id::text AS media_id, m.name, m.kind, coalesce(j.queue_name, '') AS lane,
    CASE WHEN j.id IS NULL THEN 'failed' WHEN j.abort_requested THEN 'cancelling'
         WHEN j.status = 'doing' AND m.error_code = %(full)s THEN 'paused'
         WHEN j.status = 'doing' THEN 'running' ELSE 'waiting' END AS state,
    coalesce(j.priority, 0) AS priority, w.last_heartbeat AS heartbeat, m.progress,
    coalesce(j.attempts, 0) AS attempts, m.created_at AS since, j.scheduled_at AS due, m.error_code, m.error
    FROM media m LEFT JOIN procrastinate_jobs j
        ON j.args ->> 'media' = m.id::text AND j.status IN ('todo', 'doing') AND j.task_name = %(task)s
    LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
    WHERE m.deleted_at IS NULL AND m.trashed_at IS NULL
        AND (j.id IS NOT NULL OR m.state = 'failed' OR m.source = 'mount' AND m.error_code IS NOT NULL)"""
DEFER = """SELECT procrastinate_defer_jobs_v1(ARRAY[
    ROW(%s, %s, 0, NULL, NULL, %s, NULL)::procrastinate_job_to_defer_v1])"""
_GIVEN = {"task": TASK, "full": DiskFull.code}


class QueueStore:
    def __init__(self, database: Database):
        self._database = database

    def jobs(self, limit: int = 500) -> list[Job]:
        """What runs, then what waits in the order of its turn, then what has failed, the newest first."""
        rows = self._database.all(
            f"""{_JOBS} ORDER BY j.id IS NULL, j.status <> 'doing', j.priority DESC, j.id, m.created_at DESC
                LIMIT %(limit)s""",
            {**_GIVEN, "limit": limit},
        )
        return [Job(**row) for row in rows]

    def find(self, media: str) -> Job | None:
        row = self._database.one(f"{_JOBS} AND m.id = %(media)s", {**_GIVEN, "media": media})
        return row and Job(**row)

    def defer(self, media: str, kind: str) -> None:
        """Queue the import of `media` in the lane of its kind."""
        self._database.run(DEFER, job_of(media, kind))

    def put_first(self, media: str) -> bool:
        """Before everything that waits; True when it waits itself."""
        return bool(
            self._database.run(
                """UPDATE procrastinate_jobs SET scheduled_at = NULL, priority = (
                       SELECT greatest(max(priority), 0) + 1 FROM procrastinate_jobs WHERE status = 'todo')
                   WHERE args ->> 'media' = %s AND status = 'todo'""",
                [media],
            )
        )

    def cancel(self, media: str) -> bool:
        """A waiting job is gone at once, a running one is asked to stop; True when there was one."""
        rows = self._database.all(
            """SELECT procrastinate_cancel_job_v1(id, true, false) AS id FROM procrastinate_jobs
               WHERE args ->> 'media' = %s AND status IN ('todo', 'doing')""",
            [media],
        )
        return bool(rows)

    def cancelled(self, media: str) -> bool:
        """Whether the running job of `media` was asked to stop."""
        return bool(
            self._database.one(
                """SELECT 1 FROM procrastinate_jobs
                   WHERE args ->> 'media' = %s AND status = 'doing' AND abort_requested LIMIT 1""",
                [media],
            )
        )


def job_of(media: str, kind: str) -> list:
    """What DEFER wants."""
    return [LANES[kind], TASK, Jsonb({"media": media})]

"""What /metrics asks of the database, in one transaction: sums that others keep, and rows that are few."""

from __future__ import annotations

from control.domain.metrics import Delivered, Failed, Items, Jobs, Known
from control.domain.queue import TASK
from control.storage.sql.pool import Database

_JOBS = """SELECT m.kind, CASE j.status WHEN 'doing' THEN 'running' ELSE 'waiting' END AS state, count(*) AS jobs,
        extract(epoch FROM now() - min(m.created_at))::float AS oldest_seconds
    FROM procrastinate_jobs j JOIN media m ON m.id = (j.args ->> 'media')::uuid
    WHERE j.status IN ('todo', 'doing') AND j.task_name = %s GROUP BY 1, 2"""
# The completed ones are too many to be counted each time: the processor does so every ten minutes.
_ITEMS = """SELECT kind, state, count(*) AS items FROM media
        WHERE state <> 'completed' AND deleted_at IS NULL AND trashed_at IS NULL GROUP BY 1, 2
    UNION ALL SELECT kind, state, items FROM insight_storage
        WHERE state = 'completed' AND day = (SELECT max(day) FROM insight_storage)"""
_DELIVERED = """SELECT kind, deliveries, bytes FROM insight_deliveries
    WHERE grain = 'd' AND at = date_trunc('day', now(), 'UTC')"""
_FAILED = """SELECT kind, status, errors FROM insight_errors
    WHERE grain = 'd' AND at = date_trunc('day', now(), 'UTC')"""
_REST = """SELECT uploads.*, log.*, workers.lanes FROM
    (SELECT count(*) AS uploads, coalesce(sum(size_bytes), 0)::bigint AS upload_bytes FROM uploads
        WHERE state IN ('receiving', 'finishing')) uploads,
    (SELECT coalesce(sum(lines), 0)::bigint AS lines, coalesce(sum(bad_lines), 0)::bigint AS bad_lines
        FROM receipt_positions) log,
    (SELECT count(*) AS lanes FROM procrastinate_workers
        WHERE last_heartbeat > now() - make_interval(secs => %s)) workers"""


class MetricsStore:
    def __init__(self, database: Database):
        self._database = database

    def known(self, heard_seconds: float) -> Known:
        """Everything; a processor counts while it was heard of within so long."""
        with self._database.transaction() as connection:
            jobs = connection.execute(_JOBS, [TASK]).fetchall()
            items = connection.execute(_ITEMS).fetchall()
            delivered = connection.execute(_DELIVERED).fetchall()
            failed = connection.execute(_FAILED).fetchall()
            mounts = connection.execute("SELECT name, away FROM mounts").fetchall()
            rest = connection.execute(_REST, [heard_seconds]).fetchone()
        return Known(
            [Jobs(**row) for row in jobs], [Items(**row) for row in items], [Delivered(**row) for row in delivered],
            [Failed(**row) for row in failed], mounts={row["name"]: row["away"] for row in mounts}, **rest,
        )  # fmt: skip

"""What administrators have done in the background: jobs of the queue beside those of imports (domain/queue.py)."""

from __future__ import annotations

from psycopg.types.json import Jsonb

from control.domain.queue import CHORES, Chore
from control.storage.sql.pool import Database
from control.storage.sql.queue import DEFER


class ChoreStore:
    def __init__(self, database: Database):
        self._database = database

    def ask(self, task: str, by: str) -> bool:
        """Queue it; False where it waits or runs already. One that has failed is forgotten."""
        with self._database.transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(hashtext('sluice chores'), hashtext(%s))", [task])
            connection.execute(
                "DELETE FROM procrastinate_jobs WHERE task_name = %s AND status IN ('failed', 'cancelled', 'aborted')",
                [task],
            )
            if connection.execute("SELECT 1 FROM procrastinate_jobs WHERE task_name = %s", [task]).fetchone():
                return False
            connection.execute(DEFER, [CHORES[task], task, Jsonb({"by": by})])
        return True

    def find(self, task: str) -> Chore | None:
        """None: it is done, or nobody has asked."""
        row = self._database.one(
            """SELECT task_name AS task, args ->> 'by' AS by,
                   CASE status WHEN 'todo' THEN 'waiting' WHEN 'doing' THEN 'running' ELSE 'failed' END AS state,
                   (SELECT min(at) FROM procrastinate_events WHERE job_id = j.id) AS asked_at
               FROM procrastinate_jobs j WHERE task_name = %s AND status <> 'succeeded' ORDER BY id DESC LIMIT 1""",
            [task],
        )
        return row and Chore(**row)

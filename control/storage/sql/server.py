"""What the database server says of itself, for those who look after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from control.storage.sql.pool import Database


@dataclass(frozen=True, slots=True)
class Server:
    version: str
    now: datetime  # by its clock
    connections: int
    most_connections: int
    bytes: int  # of this database
    processors: int  # that gave a sign of life within LATELY_SECONDS


LATELY_SECONDS = 30


class ServerStore:
    def __init__(self, database: Database):
        self._database = database

    def describe(self) -> Server:
        row = self._database.one(
            """SELECT current_setting('server_version') AS version, clock_timestamp() AS now,
                   (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
                   current_setting('max_connections')::int AS most_connections,
                   pg_database_size(current_database()) AS bytes,
                   (SELECT count(*) FROM procrastinate_workers
                    WHERE last_heartbeat > now() - make_interval(secs => %s)) AS processors""",
            [LATELY_SECONDS],
        )
        return Server(**row)

"""The one module that knows psycopg's pool and its errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import psycopg_pool.pool
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from control.domain.health import PoolUse
from control.errors import DatabaseUnavailable, Unwritable

# A greenlet killed by GreenletExit or gevent.Timeout (both BaseException) while it queues for a connection stays in the
# queue, is handed one later and loses it for ever: psycopg_pool 3.3.3 only cleans up after Exception.
# tests/control/storage/test_pool.py holds this; the version is pinned in setup.cfg.
psycopg_pool.pool.CLIENT_EXCEPTIONS = BaseException

STATEMENT_TIMEOUT_MS = 3500
ANSWER_SECONDS = 4.0  # a server that is stopped (SIGSTOP, a frozen disk) keeps no timeout of its own
WAIT_SECONDS = 2.0  # for a free connection
FORGIVEN = 0.45  # how alike a misspelt word must be (pg_trgm <%): "holyday" is 0.45 of "holiday"


# Every question here is answered by a few rows of an index: compiling it or starting workers takes longer than that,
# and how often a value occurs decides which index.
_SMALL_ANSWERS = (
    "-c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1 -c plan_cache_mode=force_custom_plan"
)


@contextmanager
def rows_at_fault() -> Iterator[None]:
    """What lies in the rows themselves, and will not pass, becomes Unwritable."""
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError, ValueError, TypeError) as error:
        raise Unwritable(str(error)) from error


class Connection(psycopg.Connection):
    """A connection that gives up on a silent server."""

    def wait(self, gen, interval=0.1, timeout=None):
        try:
            return super().wait(gen, interval, ANSWER_SECONDS if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            self.close()  # its protocol is out of step: the pool makes another one
            raise psycopg.OperationalError(f"no answer within {ANSWER_SECONDS} s") from None


class Database:
    """A pool of connections. Every failure of the database becomes DatabaseUnavailable (503)."""

    def __init__(self, url: str, max_size: int = 10, min_size: int = 1):
        options = (
            f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c idle_in_transaction_session_timeout=10000"
            f" -c pg_trgm.word_similarity_threshold={FORGIVEN} {_SMALL_ANSWERS}"
        )
        self._pool = ConnectionPool(
            url,
            connection_class=Connection,
            min_size=min_size,
            max_size=max_size,
            open=False,
            timeout=WAIT_SECONDS,
            reconnect_timeout=5,
            check=ConnectionPool.check_connection,
            kwargs={"row_factory": dict_row, "options": options, "connect_timeout": 2},
        )

    def open(self) -> Database:
        self._pool.open()
        return self

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def transaction(self) -> Iterator[psycopg.Connection]:
        """A connection in a transaction: committed at the end, rolled back on an error."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except (PoolTimeout, PoolClosed, TooManyRequests, psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise DatabaseUnavailable() from error

    def one(self, query: str, parameters=()) -> dict | None:
        """Return the first row, or None."""
        with self.transaction() as connection:
            return connection.execute(query, parameters).fetchone()

    def all(self, query: str, parameters=()) -> list[dict]:
        with self.transaction() as connection:
            return connection.execute(query, parameters).fetchall()

    def run(self, query: str, parameters=()) -> int:
        """Execute and return the number of rows touched."""
        with self.transaction() as connection:
            return connection.execute(query, parameters).rowcount

    def use(self) -> PoolUse:
        known = self._pool.get_stats()
        idle = known["pool_available"]
        return PoolUse(known["pool_size"] - idle, idle, known["requests_waiting"])

    def alive(self) -> bool:
        try:
            return self.one("SELECT 1 AS one") is not None
        except DatabaseUnavailable:
            return False

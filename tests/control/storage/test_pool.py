"""The pool under gevent: a greenlet killed while it waits must not take a connection with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from control.errors import DatabaseUnavailable
from control.storage.sql.pool import Database

KILLED_WAITERS = """
from gevent import monkey; monkey.patch_all()
import sys, gevent
import psycopg.waiting
from control.storage.sql.pool import Database
assert psycopg.waiting.wait.__name__ != "wait_c"
database = Database(sys.argv[1], max_size=4, min_size=2).open()
def slow():
    with database.transaction() as connection: connection.execute("SELECT pg_sleep(0.3)")
def killed():
    try:
        with gevent.Timeout(0.1): slow()
    except BaseException: pass
gevent.joinall([gevent.spawn(killed) for _ in range(8)])  # four hold a connection, four wait for one
for _ in range(300):
    gevent.sleep(0.2)
    if all(database.alive() for _ in range(8)): break
else: raise AssertionError(database._pool.get_stats())
print("healed")
"""


def test_H06_killed_waiters_leave_the_pool_whole(database_url):
    done = subprocess.run(
        [sys.executable, "-c", KILLED_WAITERS, database_url], capture_output=True, text=True, timeout=500
    )
    assert done.stdout == "healed\n", done.stderr[-2000:]


def test_H06_a_database_that_is_gone_is_one_clear_error(tmp_path):
    database = Database(f"postgresql://x@/x?host={tmp_path}").open()
    with pytest.raises(DatabaseUnavailable):
        database.one("SELECT 1")
    assert database.alive() is False
    database.close()

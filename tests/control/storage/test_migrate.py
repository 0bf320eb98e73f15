"""A database of an earlier version, with people in it, is brought up to date."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import yoyo

from control.storage.sql import migrate
from control.storage.sql.health import HealthStore

OLD_LIFE = """
INSERT INTO users (id, username, password_hash, role) VALUES ('00000000-0000-4000-8000-000000000001', 'ann', 'x', 'admin');
INSERT INTO sessions (id, user_id, device_id, device_name, device_type, address, refresh_hash, previous_refresh_hash, expires_at, created_at)
SELECT ('00000000-0000-4000-8000-00000000001' || n)::uuid, '00000000-0000-4000-8000-000000000001', 'same', 'Firefox', 'desktop',
       '127.0.0.1', '\\x01', '\\x02', now() + interval '1 day', now() - n * interval '1 hour' FROM generate_series(1, 3) n;
INSERT INTO media (id, name, kind, size_bytes, source) VALUES ('00000000-0000-4000-8000-000000000099', 'm', 'video', 1, 'import');
INSERT INTO grants (id, media_id, user_id, session_id, expires_at) VALUES
    ('00000000000000000000000000000000', '00000000-0000-4000-8000-000000000099', '00000000-0000-4000-8000-000000000001',
     '00000000-0000-4000-8000-000000000011', now() + interval '1 hour');
"""


def test_the_first_version_is_upgraded_with_its_sessions(database_url):
    url = database_url.replace("/sluice?", "/upgraded?")
    migrate.create_database(url)
    backend = yoyo.get_backend(migrate._yoyo_url(url))
    every = yoyo.read_migrations(str(migrate.MIGRATIONS))
    with backend.lock():
        backend.apply_migrations(every[:1])
    with psycopg.connect(url) as connection:
        connection.execute(OLD_LIFE)
    assert migrate.apply(url) == [migration.id for migration in every[1:]]
    with psycopg.connect(url) as connection:
        live = connection.execute("SELECT id::text FROM sessions WHERE ended_at IS NULL").fetchall()
        assert live == [("00000000-0000-4000-8000-000000000011",)]  # of one device the newest
        assert connection.execute("SELECT count(*) FROM grants").fetchone() == (1,)


_SLOW = """
import sys, pathlib
from control.storage.sql import migrate
migrate.MIGRATIONS = pathlib.Path(sys.argv[2])
migrate.apply(sys.argv[1])
"""


@pytest.fixture
def slow(database_url, tmp_path, monkeypatch):
    """URL of an empty database whose only migration takes a while."""
    url = database_url.replace("/sluice?", f"/{tmp_path.name.replace('-', '_').lower()}?")
    (tmp_path / "0001-slow.sql").write_text("SELECT pg_sleep(0.5); CREATE TABLE slow (id int);")
    monkeypatch.setattr(migrate, "MIGRATIONS", tmp_path)
    migrate.create_database(url)
    return url


def test_hosts_that_migrate_at_once_do_it_once_and_what_comes_afterwards_one_by_one(slow):
    """Else two of them would make two first administrators."""
    made = []

    def make_where_there_is_none() -> None:
        there = list(made)
        time.sleep(0.1)
        if not there:
            made.append("admin")

    with ThreadPoolExecutor(3) as hosts:
        done = list(hosts.map(lambda url: migrate.apply(url, make_where_there_is_none), [slow] * 3))
    assert sorted(done) == [[], [], ["0001-slow"]] and made == ["admin"]


def test_a_host_that_is_killed_while_it_migrates_holds_up_nobody(slow, tmp_path):
    """Its transaction is gone with it, and so is the lock."""
    process = subprocess.Popen([sys.executable, "-c", _SLOW, slow, tmp_path])
    running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'"
    with psycopg.connect(slow, autocommit=True) as connection:
        while not connection.execute(running).fetchone()[0]:
            assert process.poll() is None, "it was over before it could be killed"
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert migrate.apply(slow) == ["0001-slow"]


def test_older_and_newer_tables_are_told_apart(database):
    store = HealthStore(database)
    assert (store.tables().missing, store.tables().newer) == ([], [])
    newest = max(migrate.known())
    with database.transaction() as connection:
        connection.execute("UPDATE _yoyo_migration SET migration_id = '9999-later' WHERE migration_id = %s", [newest])
    try:
        assert (store.tables().missing, store.tables().newer) == ([newest], ["9999-later"])
    finally:
        with database.transaction() as connection:
            connection.execute("UPDATE _yoyo_migration SET migration_id = %s WHERE migration_id = '9999-later'", [newest])

"""A private Postgres of the tests' own, run by an unprivileged account (initdb refuses root)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from control.storage.sql import migrate
from control.storage.sql.pool import Database
from tests.cluster import program


@contextmanager
def private_postgres() -> Iterator[str]:
    """URL of a migrated database on a unix socket, gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="sluice-pg-"))
    known = {entry.pw_name for entry in pwd.getpwall()}
    account = pwd.getpwnam(next(name for name in ("sluice", "nobody") if name in known)) if os.geteuid() == 0 else None
    options = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
    if account:
        os.chown(directory, account.pw_uid, account.pw_gid)

    def run(*command):
        subprocess.run(command, check=True, capture_output=True, cwd=directory, **options)

    data = directory / "data"
    run(program("initdb"), "-D", data, "-A", "trust", "-U", "tests", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
    flags = f"-k {directory} -c listen_addresses='' -c fsync=off"
    run(program("pg_ctl"), "-D", data, "-o", flags, "-l", directory / "log", "-w", "start")
    url = f"postgresql://tests@/sluice?host={directory}"
    migrate.apply(url)
    yield url
    run(program("pg_ctl"), "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
def database_url():
    with private_postgres() as url:
        yield url


@pytest.fixture
def database(database_url):
    database = Database(database_url, max_size=20).open()
    yield database
    database.close()

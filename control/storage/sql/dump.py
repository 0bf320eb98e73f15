"""A database as one file, by PostgreSQL's own tools (pg_dump's custom format)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from control.errors import DatabaseUnavailable
from control.storage.sql.migrate import create_database


class DumpFailed(ValueError):
    """The text is what the tool said."""


def dump(url: str, target: Path) -> None:
    """Write the database of `url`, as it is at one moment, into the file `target`. Raises DumpFailed."""
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def load(url: str, source: Path) -> None:
    """Fill an empty database, all of it or nothing. Raises DumpFailed, also for one that is not empty."""
    create_database(url)
    if not is_empty(url):
        raise DumpFailed("The database is not empty: a restore never overwrites. Give [database] url another name.")
    _run(
        url, "pg_restore", "--no-owner", "--no-privileges", "--no-comments", "--exit-on-error", "--single-transaction",
        str(source),
    )  # fmt: skip


def is_empty(url: str) -> bool:
    """Whether Sluice has never been in it. Raises DatabaseUnavailable."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return connection.execute("SELECT to_regclass('media') IS NULL").fetchone()[0]
    except psycopg.OperationalError as error:
        if "does not exist" in str(error):
            return True
        raise DatabaseUnavailable(str(error).strip()) from error


def try_out(url: str, source: Path, name: str) -> int:
    """Fill a database `name` that is made for it and removed after it; return how many media it held."""
    trial = make_conninfo(url, dbname=name)
    try:
        load(trial, source)
        with psycopg.connect(trial) as connection:
            return connection.execute("SELECT count(*) FROM media").fetchone()[0]
    finally:
        with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))


def _run(url: str, tool: str, *arguments: str) -> None:
    """A password goes by the environment: a command line is for everybody to read."""
    parts = conninfo_to_dict(url)
    environment = os.environ | ({"PGPASSWORD": parts.pop("password")} if "password" in parts else {})
    command = [_program(tool), f"--dbname={make_conninfo(**parts)}", *arguments]
    outcome = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
    if outcome.returncode != 0:
        raise DumpFailed(f"{tool}: {outcome.stderr.strip()}")


def _program(tool: str) -> str:
    """Debian keeps the tools of each version apart; the newest reads and writes for all servers before it."""
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{tool}"), key=lambda path: float(path.parts[-3]))
    found = str(versions[-1]) if versions else shutil.which(tool)
    if found is None:
        raise DumpFailed(f"{tool} is not there. Install it: apt-get install postgresql-client")
    return found

"""Bring a database up to this version: the numbered .sql files (yoyo), then the queue's own schema (procrastinate)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import yoyo
from procrastinate.schema import SchemaManager
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from control.errors import DatabaseUnavailable

MIGRATIONS = Path(__file__).with_name("migrations")


def apply(url: str, afterwards: Callable[[], None] = lambda: None) -> list[str]:
    """Create the database of `url` where it is missing, apply what is missing, return the applied names.

    Forward only, one transaction per file. Several hosts may call it at once: one does it, and what is to be done
    `afterwards`, the others wait. (!) The lock is a connection's: yoyo's own is a row, which a killed process leaves
    behind.
    """
    create_database(url)
    with psycopg.connect(url, autocommit=True) as lock:
        lock.execute("SELECT pg_advisory_lock(hashtext('sluice migrate'))")
        backend = yoyo.get_backend(_yoyo_url(url))
        missing = backend.to_apply(yoyo.read_migrations(str(MIGRATIONS)))
        backend.apply_migrations(missing)
        _apply_queue_schema(url)
        afterwards()
    return [migration.id for migration in missing]


def known() -> set[str]:
    """The names of all migrations of this version."""
    return {path.stem for path in MIGRATIONS.glob("*.sql")}


def create_database(url: str) -> None:
    """Create the database that `url` names, where the server does not have it yet."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        if "does not exist" not in str(error):
            raise DatabaseUnavailable(str(error).strip()) from error
        with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
            name = sql.Identifier(conninfo_to_dict(url)["dbname"])
            connection.execute(sql.SQL("CREATE DATABASE {}").format(name))


def _yoyo_url(url: str) -> str:
    """yoyo picks psycopg 3 by the scheme."""
    return "postgresql+psycopg" + url[url.index(":") :]


def _apply_queue_schema(url: str) -> None:
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()[0] is None:
            connection.execute(SchemaManager.get_schema())

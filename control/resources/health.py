"""GET /healthz (the process lives, disk usage) and /readyz (it can serve)."""

from __future__ import annotations

import shutil
from pathlib import Path

import falcon
import redis

from control.domain.health import Tables
from control.errors import DatabaseUnavailable
from control.resources.openapi import describe
from control.services.health import Health as Wellbeing
from control.storage.redis.client import alive
from control.storage.sql.pool import Database


class Health:
    def __init__(self, data: Path):
        self._data = data

    @describe("Health")
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """It lives; how full its disk is."""
        disk = shutil.disk_usage(self._data)
        percent = round(100 * disk.used / disk.total, 1)
        resp.media = {
            "status": "ok",
            "disk": {"total_bytes": disk.total, "free_bytes": disk.free, "used_percent": percent},
        }


class Ready:
    """A drive that is away, or a processor, is said and no more: what can be served here is served."""

    def __init__(self, database: Database, client: redis.Redis, health: Wellbeing):
        self._database, self._redis, self._health = database, client, health

    @describe("Health", also={503: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Whether it can serve: what it needs, one by one."""
        checks = {"postgres": self._database.alive(), "redis": alive(self._redis)}
        tables = self._tables() if checks["postgres"] else None
        if tables:
            checks["tables"] = not tables.missing
        ready = all(checks.values())
        resp.status = falcon.HTTP_200 if ready else falcon.HTTP_503
        resp.media = {"status": "ready" if ready else "not ready", "checks": checks | self._besides(checks["postgres"])}
        if tables and tables.newer:  # it goes on: another host is a version ahead
            resp.media["newer_tables"] = tables.newer
        if not ready:
            resp.set_header("Retry-After", "2")

    def _tables(self) -> Tables | None:
        try:
            return self._health.tables()
        except DatabaseUnavailable:
            return None

    def _besides(self, known: bool) -> dict[str, bool]:
        """What the database alone knows is left out while it is away."""
        try:
            return {"queue": self._health.worked_off(), "mounts": self._health.mounts_here()} if known else {}
        except DatabaseUnavailable:
            return {}

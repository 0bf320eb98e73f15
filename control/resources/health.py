"""GET /healthz (the process lives, disk usage) and /readyz (it can serve)."""

from __future__ import annotations

import shutil
from pathlib import Path

import falcon
import redis

from control.resources.openapi import describe
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
    def __init__(self, database: Database, client: redis.Redis):
        self._database, self._redis = database, client

    @describe("Health", also={503: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Whether it can serve: what it needs, one by one."""
        checks = {"postgres": self._database.alive(), "redis": self._redis_alive()}
        ready = all(checks.values())
        resp.status = falcon.HTTP_200 if ready else falcon.HTTP_503
        resp.media = {"status": "ready" if ready else "not ready", "checks": checks}
        if not ready:
            resp.set_header("Retry-After", "2")

    def _redis_alive(self) -> bool:
        try:
            return bool(self._redis.ping())
        except redis.RedisError:
            return False

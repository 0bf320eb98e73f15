"""/admin/storage and /admin/health: the disks and what is kept on them, and every part of the server."""

from __future__ import annotations

import falcon

from control.resources.pages.admin.desk import Desk
from control.services.health import Health
from control.services.usage import Usage


class Storage:
    def __init__(self, desk: Desk, usage: Usage, free_bytes: int):
        self._desk, self._usage, self._free_bytes = desk, usage, free_bytes

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._desk.page(
            req, resp, "storage", disks=self._usage.disks(), kept=self._usage.kept(), owners=self._usage.by_owner(),
            free_bytes=self._free_bytes,
        )  # fmt: skip


class Wellbeing:
    def __init__(self, desk: Desk, health: Health):
        self._desk, self._health = desk, health

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        parts = self._health.parts()
        self._desk.page(req, resp, "health", parts=parts, concerns=self._health.concerns(parts))

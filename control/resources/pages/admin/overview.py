"""/admin: what goes on, and what needs a person."""

from __future__ import annotations

import falcon

from control.resources.pages.admin.desk import Desk
from control.resources.pages.rendering import raise_see_other
from control.resources.queue import job_shape
from control.services.health import Health
from control.services.queue import Queue
from control.services.sessions import Sessions
from control.services.usage import Usage

SHOWN = 5  # jobs


class Overview:
    def __init__(self, desk: Desk, health: Health, queue: Queue, usage: Usage, sessions: Sessions):
        self._desk, self._health, self._queue, self._usage, self._sessions = desk, health, queue, usage, sessions

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        if req.query_string:  # the audit trail was here once: its addresses are written down in places
            return raise_see_other(resp, f"/admin/audit?{req.query_string}")
        parts, jobs = self._health.parts(), [job_shape(job) for job in self._queue.jobs() if job.state != "failed"]
        devices = self._sessions.devices()
        self._desk.page(
            req, resp, "", parts=parts, concerns=self._health.concerns(parts), jobs=jobs[:SHOWN], jobs_total=len(jobs),
            disks=self._usage.disks(), devices=len(devices), people=len({device.user_id for device in devices}),
        )  # fmt: skip

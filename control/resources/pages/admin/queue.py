"""/admin/queue: imports that run, wait or have failed, and steering them."""

from __future__ import annotations

from datetime import UTC, datetime

import falcon

from control.resources.pages.admin.desk import Desk
from control.resources.queue import job_shape
from control.services.health import HEARD_SECONDS, Health
from control.services.queue import Queue

PATH = "/admin/queue"
SHOWN = 100  # jobs that wait, and those that have failed


class Jobs:
    def __init__(self, desk: Desk, queue: Queue, health: Health):
        self._desk, self._queue, self._health = desk, queue, health

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._page(req, resp)

    def on_post_first(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._act(req, resp, "first", self._queue.put_first)

    def on_post_retry(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._act(req, resp, "retry", self._queue.retry)

    def on_post_cancel(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._act(req, resp, "cancel", self._queue.cancel)

    def _act(self, req: falcon.Request, resp: falcon.Response, act: str, do) -> None:
        self._desk.steer(req, resp, do, f"{PATH}?done={act}", lambda error: self._page(req, resp, error))

    def _page(self, req: falcon.Request, resp: falcon.Response, error: dict | None = None) -> None:
        now = datetime.now(UTC)
        jobs = [job_shape(job) | {"silent": _silent(job, now)} for job in self._queue.jobs()]
        working = [job for job in jobs if job["state"] in ("running", "paused", "cancelling")]
        waiting = [job for job in jobs if job["state"] == "waiting"]
        failed = [job for job in jobs if job["state"] == "failed"]
        self._desk.page(
            req, resp, "queue", error=error, working=working, waiting=waiting[:SHOWN], waiting_total=len(waiting),
            failed=failed[:SHOWN], failed_total=len(failed), processor=self._health.processor(),
        )  # fmt: skip


def _silent(job, now: datetime) -> int:
    """Seconds since the worker of a running job was heard of, where that is too long ago."""
    seconds = (now - job.heartbeat).total_seconds() if job.heartbeat else 0
    return round(seconds) if seconds > HEARD_SECONDS else 0

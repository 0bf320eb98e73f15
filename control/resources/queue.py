"""GET /api/admin/queue, POST /api/admin/queue/{id}/{retry,cancel}: imports that wait, run or have failed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import falcon
from pydantic import Field

from control.domain.queue import Job
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.shapes import Message, Shape
from control.services.queue import Queue


class JobShape(Shape):
    media_id: UUID
    name: str
    type: Literal["video", "audio", "image", "document"]
    lane: Literal["films", "photos", ""]
    state: Literal["waiting", "running", "cancelling", "failed"]
    progress: float = Field(description="Per cent")
    attempts: int
    since: datetime
    due: datetime | None = Field(description="When it is tried again")
    error_code: str | None
    error: str | None


class Jobs(Shape):
    data: list[JobShape]


def job_shape(job: Job) -> dict:
    return {
        "media_id": job.media_id, "name": job.name, "type": job.kind, "lane": job.lane, "state": job.state,
        "progress": round(job.progress, 1), "attempts": job.attempts, "since": job.since.isoformat(timespec="seconds"),
        "due": job.due and job.due.isoformat(timespec="seconds"), "error_code": job.error_code, "error": job.error,
    }  # fmt: skip


class Collection:
    def __init__(self, queue: Queue):
        self._queue = queue

    @describe("Administration", Jobs)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Imports that run, wait or have failed."""
        resp.media = {"data": [job_shape(job) for job in self._queue.jobs()]}


class Item:
    def __init__(self, queue: Queue):
        self._queue = queue

    @describe("Administration", Message)
    def on_post_retry(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Take a failed import up again."""
        self._queue.retry(str(media_id), principal_of(req), client_address(req), decision_id(req))
        resp.media = {"message": "Queued again"}

    @describe("Administration", Message)
    def on_post_cancel(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Stop an import; its file goes to quarantine, unharmed."""
        self._queue.cancel(str(media_id), principal_of(req), client_address(req), decision_id(req))
        resp.media = {"message": "Cancelled"}

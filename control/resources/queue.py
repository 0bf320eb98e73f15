"""GET /api/admin/queue, POST /api/admin/queue/{id}/{retry,first,cancel}: imports that wait, run or have failed."""

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
    state: Literal["waiting", "running", "paused", "cancelling", "failed"]
    priority: int = Field(description="The higher comes first; behind 0: renditions of mounted files")
    heartbeat: datetime | None = Field(description="When the worker that runs it was heard last")
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
        "priority": job.priority, "heartbeat": job.heartbeat and job.heartbeat.isoformat(timespec="seconds"),
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
    def on_post_first(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Put an import that waits before all others."""
        self._queue.put_first(str(media_id), principal_of(req), client_address(req), decision_id(req))
        resp.media = {"message": "It is next"}

    @describe("Administration", Message)
    def on_post_cancel(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Stop an import; its file goes to quarantine, unharmed."""
        self._queue.cancel(str(media_id), principal_of(req), client_address(req), decision_id(req))
        resp.media = {"message": "Cancelled"}

"""The queue as control and the processor share it: its one task, its lanes, and what a job is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

TASK = "process_import"

# Photos never wait behind a film.
LANES = {"video": "films", "image": "photos", "audio": "photos", "document": "photos"}

JobState = Literal["waiting", "running", "paused", "cancelling", "failed"]


@dataclass(frozen=True, slots=True)
class Job:
    """The import of one media, as far as it has come."""

    media_id: str
    name: str
    kind: str
    lane: str
    state: JobState
    priority: int  # the higher comes first
    heartbeat: datetime | None  # of the worker that runs it
    progress: float  # per cent
    attempts: int
    since: datetime  # when the file was found
    due: datetime | None  # a job that waits for its next try
    error_code: str | None
    error: str | None

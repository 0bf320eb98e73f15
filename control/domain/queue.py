"""The queue as control and the processor share it: its one task, its lanes, and what a job is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

TASK = "process_import"

# What administrators have done in the background, and where: any processor changes the keys of media; those of links
# are Nginx's too, so one beside it does.
ROTATE_KEYS, ROTATE_LINK_KEY = "rotate_keys", "rotate_link_key"
CHORES = {ROTATE_KEYS: "chores", ROTATE_LINK_KEY: "beside_nginx"}

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


@dataclass(frozen=True, slots=True)
class Chore:
    """The last time that somebody asked for one of CHORES, until it is done."""

    task: str
    state: Literal["waiting", "running", "failed"]
    by: str
    asked_at: datetime | None

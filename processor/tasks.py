"""The queue: procrastinate tasks, their lanes, retries, and the sweep that takes up what a dead worker left."""

from __future__ import annotations

import asyncio
import re

import procrastinate
import structlog
from procrastinate.exceptions import ConnectorException

from control.domain.queue import LANES, TASK
from control.settings import Settings
from processor.pipeline import Pipeline
from processor.steps.streams import clean
from processor.turns import turn

log = structlog.get_logger()

# A worker that was killed is noticed within STALLED_SECONDS, and its job is taken up again.
HEARTBEAT_SECONDS = 2.0
STALLED_SECONDS = 8.0
SWEEP_SECONDS = 3.0

# How every lane is worked off.
WORKER = {
    "install_signal_handlers": False, "update_heartbeat_interval": HEARTBEAT_SECONDS,
    "stalled_worker_timeout": STALLED_SECONDS, "shutdown_graceful_timeout": 1, "delete_jobs": "successful",
}  # fmt: skip


class Queue:
    """The one task, `process_import`, on the queue of this database."""

    def __init__(self, settings: Settings, pipeline: Pipeline):
        self._settings, self._pipeline = settings, pipeline
        self.app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=settings.database_url))
        strategy = procrastinate.RetryStrategy(max_attempts=settings.processing.attempts - 1, exponential_wait=3)
        # No queueing_lock: with retries it can leave a job `doing` for ever (procrastinate#1446).
        self._task = self.app.task(name=TASK, queue=LANES["video"], pass_context=True, retry=strategy)(self._process)

    async def defer(self, media_id: str, kind: str, priority: int = 0) -> None:
        """Queue the import of `media_id` in the lane of its kind."""
        await self._task.configure(queue=LANES[kind], priority=priority).defer_async(media=media_id)

    def _process(self, context: procrastinate.JobContext, media: str) -> None:
        with (
            structlog.contextvars.bound_contextvars(media=media, job=context.job.id),
            turn(self._settings.paths.work / f"{media}.turn"),
        ):
            self._try(media, context.job.attempts)

    def _try(self, media: str, attempts: int) -> None:
        allowed = self._settings.processing.attempts
        if attempts >= allowed:  # its worker died each time: a poison file must not take the queue down (P10)
            self._pipeline.give_up(media, f"Processing it ended the worker {attempts} times.")
            return
        try:
            self._pipeline.process(media)
        except Exception as error:
            log.exception("processing_failed", media=media, attempt=attempts + 1)
            if attempts + 1 >= allowed:
                self._pipeline.give_up(media, f"Processing failed {allowed} times: {_reason(error)}")
                return
            self._pipeline.media.retry(media, f"Try {attempts + 1} of {allowed} failed: {_reason(error)}")
            raise

    async def work(self) -> None:
        """Run both lanes and the sweep until cancelled; running jobs end with their children."""
        films = self._worker(LANES["video"], self._settings.processing.workers)
        photos = self._worker(LANES["image"], self._settings.processing.quick_workers)
        await asyncio.gather(films, photos, self._take_up_stalled())

    async def _worker(self, lane: str, concurrency: int) -> None:
        await self.app.run_worker_async(queues=[lane], concurrency=concurrency, name=lane, **WORKER)

    async def _take_up_stalled(self) -> None:
        """procrastinate leaves the jobs of dead workers to us (procrastinate#740)."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                for job in await self.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
                    log.warning("job_taken_up_again", job=job.id, attempts=job.attempts)
                    await self.app.job_manager.retry_job(job)
                    await asyncio.to_thread(self._pipeline.scratch.tidy)
            except ConnectorException as error:
                log.warning("queue_unreachable", error=str(error))


def _reason(error: Exception) -> str:
    """The person's sentence, without ffmpeg's addresses in memory; the log has the rest."""
    lines = str(error).splitlines()
    return clean(re.sub(r"\[[^]]* @ 0x[0-9a-f]+\] ?", "", lines[-1])) if lines else type(error).__name__

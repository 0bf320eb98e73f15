"""What administrators have done in the background: new keys, for media and for links."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

import procrastinate
import structlog

from control import vault
from control.domain.queue import CHORES, ROTATE_KEYS, ROTATE_LINK_KEY
from control.settings import Settings
from control.storage.sql.audit import AuditStore, Entry
from control.storage.sql.media_keys import MediaKeyStore
from processor.tasks import WORKER

log = structlog.get_logger()

LOOK_SECONDS = 2.0


class Chores:
    """Its tasks, on the queue of `app`. Any processor changes the keys of media; one beside Nginx those of links."""

    def __init__(
        self, app: procrastinate.App, settings: Settings, keys: MediaKeyStore, masters: vault.MasterKeys,
        audit: AuditStore,
    ):  # fmt: skip
        self._app, self._settings, self._keys, self._masters, self._audit = app, settings, keys, masters, audit
        for task, run in ((ROTATE_KEYS, self._rotate_keys), (ROTATE_LINK_KEY, self._rotate_link_key)):
            app.task(name=task, queue=CHORES[task])(run)

    async def work(self) -> None:
        """Until cancelled."""
        await asyncio.gather(self._worker(CHORES[ROTATE_KEYS]), self._beside_nginx())

    async def _beside_nginx(self) -> None:
        while not (self._settings.paths.run / "nginx.pid").exists():
            await asyncio.sleep(LOOK_SECONDS)
        await self._worker(CHORES[ROTATE_LINK_KEY])

    async def _worker(self, lane: str) -> None:
        await self._app.run_worker_async(queues=[lane], concurrency=1, name=lane, **WORKER)

    def _rotate_keys(self, by: str) -> None:
        version, count = vault.rotate(self._masters, self._keys)
        log.info("keys_rotated", version=version, media=count, by=by)
        details = {"version": version, "media": count}
        self._audit.append([Entry(datetime.now(UTC), "keys_rotated", by, reason="on demand", details=details)])

    def _rotate_link_key(self, by: str) -> None:
        """By the operator's command: it renders Nginx's configuration, which is no business of a processor."""
        command = [sys.executable, "-m", "control.cli.main", "--data", self._settings.paths.data, "link", "rotate-key"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        log.info("link_key_rotated", by=by)

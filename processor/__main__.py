"""``python -m processor``: watch imports/, work off the queue, look after the mounts. Any number of these may run."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import structlog

from control import logs, settings, vault
from control.storage.redis.changes import ChangePublisher
from control.storage.redis.client import connect
from control.storage.sql.audit import AuditStore
from control.storage.sql.grants import GrantStore
from control.storage.sql.media import MediaStore
from control.storage.sql.media_keys import MediaKeyStore
from control.storage.sql.mounts import MountStore
from control.storage.sql.pool import Database
from control.storage.sql.queue import QueueStore
from control.storage.sql.sessions import SessionStore
from processor import mounts
from processor.housekeeping import Housekeeping
from processor.pipeline import Pipeline, remove_old_scratch
from processor.tasks import Queue
from processor.watch import Watch

log = structlog.get_logger()


async def run(configuration: settings.Settings) -> None:
    database = Database(configuration.database_url, configuration.database.pool_max).open()
    changes = ChangePublisher(connect(configuration.redis_url))
    media = MediaStore(database, changed=lambda media_id: changes.publish("media", media_id))
    master = vault.MasterKeys(configuration.paths.keys)
    queue = Queue(configuration, Pipeline(configuration, media, MediaKeyStore(database), master, QueueStore(database)))
    watch = Watch(configuration, media, queue.defer)
    housekeeping = Housekeeping(
        AuditStore(database), SessionStore(database), GrantStore(database), MediaKeyStore(database), master,
        configuration.audit.keep_days, configuration.keys.rotation_days,
    )  # fmt: skip
    async with queue.app.open_async():
        await watch.queue_forgotten()
        log.info("ready", imports=str(configuration.paths.imports), mounts=[m.name for m in configuration.mounts])
        states = MountStore(database, changed=lambda name: changes.publish("mount", name))
        scans = mounts.scan_for_ever(configuration.mounts, media, states, configuration.processing.mount_scan_seconds)
        await asyncio.gather(watch.run(), queue.work(), scans, housekeeping.run())


def main() -> None:
    logs.configure()
    try:
        configuration = settings.load()
    except settings.SettingsError as error:
        sys.exit(str(error))
    remove_old_scratch(configuration)
    # A running job is not waited for: its child dies with us, the queue gives it to the next processor.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        asyncio.run(run(configuration))
    except KeyboardInterrupt:
        os._exit(0)


if __name__ == "__main__":
    main()

"""``python -m processor``: watch imports/, work off the queue, look after the mounts. Any number of these may run."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading

import structlog

from control import logs, settings, vault
from control.storage.objects import open_objects
from control.storage.redis.changes import ChangePublisher
from control.storage.redis.client import connect
from control.storage.redis.events import Events
from control.storage.spool import Spool
from control.storage.sql.audit import AuditStore
from control.storage.sql.grants import GrantStore
from control.storage.sql.history import HistoryStore
from control.storage.sql.insight import InsightStore
from control.storage.sql.lately import LatelyStore
from control.storage.sql.media import MediaStore
from control.storage.sql.media_keys import MediaKeyStore
from control.storage.sql.mounted import MountedStore
from control.storage.sql.mounts import MountStore
from control.storage.sql.pool import Database
from control.storage.sql.queue import QueueStore
from control.storage.sql.receipts import ReceiptStore
from control.storage.sql.rollups import Rollups
from control.storage.sql.sessions import SessionStore
from control.storage.sql.trash import TrashStore
from control.storage.sql.uploads import UploadStore
from control.storage.sql.visits import VisitStore
from processor import mounts
from processor.chores import Chores
from processor.duplicates import Duplicates
from processor.encoders import Encoders
from processor.housekeeping import Housekeeping
from processor.insight import Insight
from processor.pipeline import Pipeline
from processor.receipts import Receipts
from processor.scratch import Scratch
from processor.sidecars import Sidecars
from processor.spool import Janitor
from processor.tasks import Queue
from processor.timelines import Timelines
from processor.trash import Trash
from processor.watch import Watch

log = structlog.get_logger()


async def run(configuration: settings.Settings) -> None:
    database = Database(configuration.database_url, configuration.database.pool_max).open()
    client = connect(configuration.redis_url)
    changes, events = ChangePublisher(client), Events(client)

    def media_changed(media_id: str) -> None:
        changes.publish("media", media_id)
        for topic in ("media", "queue"):
            events.publish(topic, id=media_id)

    def mount_changed(name: str) -> None:
        changes.publish("mount", name)
        events.publish("mounts", id=name)

    media, mounted = MediaStore(database, media_changed), MountedStore(database, media_changed)
    objects = open_objects(configuration)
    keys, master, scratch = (
        MediaKeyStore(database),
        vault.MasterKeys(configuration.paths.keys),
        Scratch(configuration.paths),
    )
    pipeline = Pipeline(
        configuration, objects, media, keys, master, QueueStore(database), scratch, Encoders(configuration),
        Duplicates(configuration, objects, media, keys, master),
    )  # fmt: skip
    queue = Queue(configuration, pipeline)
    chores = Chores(queue.app, configuration, keys, master, AuditStore(database))
    sidecars = Sidecars(configuration, objects, media, keys, master, scratch)
    watch = Watch(configuration, media, queue.defer, sidecars.take_up)
    housekeeping = Housekeeping(
        AuditStore(database), SessionStore(database), GrantStore(database), VisitStore(database), keys, master,
        configuration.audit.keep_days, configuration.keys.rotation_days,
    )  # fmt: skip
    hls = configuration.hls
    timelines = Timelines(objects, hls.segment_seconds, hls.key_period_seconds)
    receipt_store = ReceiptStore(database, Rollups(timelines.piece))
    receipts = Receipts(receipt_store, configuration, lambda ticket: changes.publish("ticket", ticket))
    insight = Insight(
        InsightStore(database), LatelyStore(database), HistoryStore(database), configuration.receipts.keep_days
    )
    trash = Trash(
        TrashStore(database, media_changed), AuditStore(database), configuration.paths, objects,
        configuration.trash.days,
    )  # fmt: skip
    janitor = Janitor(Spool(configuration.paths.spool), UploadStore(database))
    threading.Thread(target=events.run, daemon=True).start()
    async with queue.app.open_async():
        await watch.queue_forgotten()
        log.info("ready", imports=str(configuration.paths.imports), mounts=[m.name for m in configuration.mounts])
        states = MountStore(database, mount_changed)
        pause = configuration.processing.mount_scan_seconds
        run_directory = configuration.paths.run
        looking = mounts.look_after(configuration.mounts, mounted, states, queue.defer, run_directory, pause)
        await asyncio.gather(
            watch.run(), queue.work(), chores.work(), looking, housekeeping.run(), receipts.run(), janitor.run(),
            trash.run(), insight.run(),
        )  # fmt: skip


def main() -> None:
    logs.configure()
    try:
        configuration = settings.load()
    except settings.SettingsError as error:
        sys.exit(str(error))
    # A running job is not waited for: its child dies with us, the queue gives it to the next processor.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        asyncio.run(run(configuration))
    except KeyboardInterrupt:
        os._exit(0)


if __name__ == "__main__":
    main()

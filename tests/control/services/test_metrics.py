"""/metrics without its stores, and what it counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from control.domain.health import Disk, PoolUse
from control.domain.metrics import Delivered, Failed, Items, Jobs, Known
from control.errors import DatabaseUnavailable
from control.services import metrics
from control.services.counts import ALLOWED, GATE, Counts
from control.services.receipts import Behind

KNOWN = Known(
    [Jobs("video", "waiting", 3, 60.0)], [Items("image", "failed", 2)], [Delivered("segment", 7, 700)],
    [Failed("page", 404, 3)], uploads=1, upload_bytes=10, lines=9, bad_lines=1, lanes=2, mounts={"films": True, "gone": True},
)  # fmt: skip


class Stores:
    """Everything that /metrics asks, which answers or does not."""

    def __init__(self, database: bool = True, redis: bool = True):
        self.asked, self._database, self._redis = 0, database, redis

    def known(self, heard_seconds):
        self.asked += 1
        if not self._database:
            raise DatabaseUnavailable()
        return KNOWN

    def behind(self):
        return Behind(50, 4.0)

    def disks(self):
        return [Disk(("vault", "archive"), 1000, 250)]

    def metrics(self) -> metrics.Metrics:
        return metrics.Metrics(
            self, lambda: self._redis, lambda: 5, self, self, ["films", "new"], Path("/nowhere"),
            lambda function, *arguments: function(*arguments),
        )  # fmt: skip


def read(text: bytes) -> dict:
    """(name, labels) -> value"""
    families = text_string_to_metric_families(text.decode())
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


def test_what_the_stores_say():
    stores = Stores()
    told = stores.metrics()
    found = read(told.text())
    assert found["sluice_queue_jobs", "video", "waiting"] == 3 and found["sluice_queue_oldest_seconds", "video", "waiting"] == 60
    assert found["sluice_media", "failed", "image"] == 2 and found["sluice_deliveries_total", "segment"] == 7
    assert found["sluice_delivery_errors_total", "404", "page"] == 3
    assert (found["sluice_mount_away", "films"], found["sluice_mount_away", "new"]) == (1, 0)
    assert ("sluice_mount_away", "gone") not in found  # not in the settings any more
    assert (found["sluice_streams",], found["sluice_receipts_lag_seconds",]) == (5, 4)
    assert found["sluice_disk_free_bytes", "vault"] == 250 and found["sluice_receipts_bad_lines_total",] == 1
    told.text()
    assert stores.asked == 1  # the answer is good for some seconds


@pytest.mark.parametrize(("database", "redis"), [(False, True), (True, False), (False, False)])
def test_without_a_store_the_rest_is_told(database, redis):
    found = read(Stores(database, redis).metrics().text())
    assert (found["sluice_postgres_up",], found["sluice_redis_up",]) == (database, redis)
    assert found["sluice_disk_free_bytes", "vault"] == 250
    assert (("sluice_processor_lanes",) in found) is database


def test_what_was_counted_is_written_once_and_under_known_labels():
    counts, told = Counts(), Stores().metrics()
    before = read(told.text())
    counts.decisions[GATE, ALLOWED, "owner"] += 2
    counts.refused("AUTH_006", "who/knows what")
    counts.heard("sign_in_refused", "wrong_password")
    counts.heard("sign_in", "a token of somebody")
    counts.gate_seconds.append(0.0003)
    for _ in range(2):
        metrics.note(counts, PoolUse(2, 3, 1), 4)
    after = read(told.text())

    def moved(*name: str) -> float:
        return after[name] - before.get(name, 0)

    assert moved("sluice_decisions_total", "allowed", "gate", "owner") == 2
    assert moved("sluice_decisions_total", "other", "refused", "route") == moved("sluice_errors_total", "AUTH_006") == 1
    assert moved("sluice_sign_ins_total", "wrong_password") == moved("sluice_sign_ins_total", "signed_in") == 1
    assert moved("sluice_gate_seconds_bucket", "0.0005") == 1 and moved("sluice_gate_seconds_bucket", "0.0001") == 0
    assert (after["sluice_pool_connections", "idle"], after["sluice_pool_waiting",]) == (3, 1)

"""/metrics: what the processes of control have counted, and what database, Redis and disks say at this moment.

(!) At its import prometheus_client decides whether processes share their numbers: control/gunicorn.conf.py says so
before (PROMETHEUS_MULTIPROC_DIR). The settings, which it reads for that, import nothing of this.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from control.domain.health import PoolUse
from control.domain.metrics import Known
from control.errors import ControlError
from control.services.certificates import end_of
from control.services.counts import CODES, SIGN_INS, Counts, label
from control.services.health import HEARD_SECONDS
from control.services.receipts import Receipts
from control.services.usage import Usage

KNOWN_SECONDS = 5.0  # so long an answer of the stores is good: two Prometheuses do not ask twice
SHARED = "PROMETHEUS_MULTIPROC_DIR"

# --- what processes count ------------------------------------------------------------------------------

OWN = CollectorRegistry()
_SECONDS = (0.005, 0.025, 0.1, 0.25, 1, 2.5, 10)
_GATE_SECONDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1, 1)

_decisions = Counter(
    "sluice_decisions", "Decisions of the gate, and of routes: let in, or refused and why",
    ["place", "outcome", "reason"], registry=OWN,
)  # fmt: skip
_errors = Counter("sluice_errors", "Errors that were answered, by code", ["code"], registry=OWN)
_sign_ins = Counter("sluice_sign_ins", "Sign-ins by outcome", ["outcome"], registry=OWN)
_requests = Histogram(
    "sluice_request_seconds", "Seconds to answer a request, by route", ["method", "route"], buckets=_SECONDS,
    registry=OWN,
)  # fmt: skip
_gate = Histogram(
    "sluice_gate_seconds", "Seconds to decide for Nginx (every sixteenth time)", buckets=_GATE_SECONDS, registry=OWN
)
_streams = Gauge("sluice_event_streams", "Pages that follow what happens", registry=OWN, multiprocess_mode="livesum")
_pool = Gauge(
    "sluice_pool_connections", "Connections to Postgres", ["state"], registry=OWN, multiprocess_mode="livesum"
)
_pool_waiting = Gauge(
    "sluice_pool_waiting", "Requests that wait for a connection", registry=OWN, multiprocess_mode="livesum"
)

for _code in CODES:  # a rule about something that has never happened finds a zero
    _errors.labels(_code)
for _outcome in SIGN_INS:
    _sign_ins.labels(_outcome)


def note(counts: Counts, pool: PoolUse, event_streams: int) -> None:
    """Write down what this process has counted since, and how it is now."""
    for (place, outcome, reason), count in counts.decisions.items():
        _decisions.labels(place, outcome, label(reason)).inc(count)
    for code, count in counts.errors.items():
        _errors.labels(code).inc(count)
    for outcome, count in counts.sign_ins.items():
        _sign_ins.labels(outcome).inc(count)
    for seconds in counts.gate_seconds:
        _gate.observe(seconds)
    _streams.set(event_streams)
    _pool.labels("busy").set(pool.busy)
    _pool.labels("idle").set(pool.idle)
    _pool_waiting.set(pool.waiting)
    counts.clear()


def requested(method: str, route: str, seconds: float) -> None:
    """A request was answered. `route` is the template, never the path."""
    _requests.labels(method, route).observe(seconds)


# --- what is so at this moment -------------------------------------------------------------------------


class Metrics:
    """`redis_alive()`, `watching()` (live key leases) and `mounts` (names of the settings) are of everybody;
    `work` runs something long beside the event loop."""

    def __init__(
        self, store, redis_alive: Callable[[], bool], watching: Callable[[], int], receipts: Receipts, usage: Usage,
        mounts: Iterable[str], certificate: Path, work: Callable,
    ):  # fmt: skip
        self._store, self._redis_alive, self._watching = store, redis_alive, watching
        self._receipts, self._usage = receipts, usage
        self._mounts, self._certificate, self._work = tuple(mounts), certificate, work
        self._known: tuple[float, list[Metric]] = (float("-inf"), [])

    def text(self) -> bytes:
        """The exposition, in Prometheus's text format."""
        asked_at, families = self._known
        if time.monotonic() - asked_at > KNOWN_SECONDS:
            families = [*self._from_database(), *self._from_elsewhere()]
            self._known = time.monotonic(), families
        return self._work(_exposition, families)

    def _from_database(self) -> Iterator[Metric]:
        try:
            known = self._store.known(HEARD_SECONDS)
            behind = self._receipts.behind()
        except ControlError:
            yield _gauge("sluice_postgres_up", "Whether Postgres answers", 0)
            return
        yield _gauge("sluice_postgres_up", "Whether Postgres answers", 1)
        yield from _queue(known)
        yield from _deliveries(known)
        yield _gauge("sluice_receipts_lag_seconds", "Age of the oldest delivery that is not taken up", behind.seconds)
        yield _gauge("sluice_receipts_lag_bytes", "How much of Nginx's log is not taken up", behind.bytes)
        away = GaugeMetricFamily("sluice_mount_away", "Whether a mount is away", labels=["mount"])
        for name in self._mounts:
            away.add_metric([name], known.mounts.get(name, False))
        yield away

    def _from_elsewhere(self) -> Iterator[Metric]:
        yield _gauge("sluice_redis_up", "Whether Redis answers", self._redis_alive())
        yield _gauge("sluice_streams", "Films and songs that are being watched (live key leases)", self._watching())
        free = GaugeMetricFamily("sluice_disk_free_bytes", "Room that is left", labels=["disk"])
        size = GaugeMetricFamily("sluice_disk_size_bytes", "Size of the disk", labels=["disk"])
        for disk in self._usage.disks():
            free.add_metric([disk.holds[0]], disk.free)
            size.add_metric([disk.holds[0]], disk.total)
        yield from (free, size)
        if end := end_of(self._certificate):
            yield _gauge("sluice_certificate_end_seconds", "When the certificate ends (Unix time)", end.timestamp())


def _queue(known: Known) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("sluice_queue_jobs", "Imports in the queue", labels=["kind", "state"])
    oldest = GaugeMetricFamily("sluice_queue_oldest_seconds", "Age of the oldest import", labels=["kind", "state"])
    for one in known.jobs:
        jobs.add_metric([one.kind, one.state], one.jobs)
        oldest.add_metric([one.kind, one.state], one.oldest_seconds)
    items = GaugeMetricFamily("sluice_media", "Media of the library", labels=["kind", "state"])
    for one in known.items:
        items.add_metric([one.kind, one.state], one.items)
    yield from (jobs, oldest, items)
    yield _gauge("sluice_processor_lanes", "Lanes of processors that were heard of lately", known.lanes)
    yield _gauge("sluice_uploads", "Uploads under way", known.uploads)
    yield _gauge("sluice_upload_bytes", "Bytes that they will have when they are whole", known.upload_bytes)


def _deliveries(known: Known) -> Iterator[Metric]:
    """They begin anew at midnight (UTC), which Prometheus knows for a restart."""
    counts = CounterMetricFamily("sluice_deliveries", "Answers of Nginx that brought something", labels=["kind"])
    sent = CounterMetricFamily("sluice_delivered_bytes", "Bytes that have left Nginx", labels=["kind"])
    failed = CounterMetricFamily("sluice_delivery_errors", "Answers of Nginx with an error", labels=["kind", "status"])
    for one in known.failed:
        failed.add_metric([one.kind, str(one.status)], one.errors)
    for one in known.delivered:
        counts.add_metric([one.kind], one.deliveries)
        sent.add_metric([one.kind], one.bytes)
    yield from (counts, sent, failed)
    yield CounterMetricFamily("sluice_receipts_lines", "Lines of Nginx's log that were taken up", known.lines)
    yield CounterMetricFamily("sluice_receipts_bad_lines", "Lines that nobody could read", known.bad_lines)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value)


class _Given:
    """Families that are there already, as a collector."""

    def __init__(self, families: list[Metric]):
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _exposition(families: list[Metric]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Given(families))
    if SHARED not in os.environ:
        return generate_latest(registry) + generate_latest(OWN)
    MultiProcessCollector(registry)
    return generate_latest(registry)

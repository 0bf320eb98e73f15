"""The running parts: whether each answers, keeps up, and agrees about the time."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from control import bootstrap
from control.cli.checks import Finding, good, judged
from control.cli.door import Door
from control.cli.outcome import CommandError
from control.cli.ready import ask
from control.domain.health import DatabaseFacts, Tables
from control.errors import ControlError
from control.services.health import HEARD_SECONDS
from control.settings import Settings
from control.storage.redis.server import describe
from control.storage.sql.health import HealthStore
from nginx import contract

LEEWAY_SECONDS = 30  # of tokens and links (design.md 9)
_LAG_SECONDS, _WAITING_SECONDS = 60, 6 * 3600
_CLOSED, _SILENT = "it does not listen", "it does not answer"


def stores(settings: Settings) -> Iterator[Finding]:
    """Postgres, its tables and its clock; Redis."""
    start = "deploy/up (or: systemctl start sluice.target) starts it; its reason is in DIR/logs or the journal."
    services = bootstrap.services(settings)
    services.database.open()
    try:
        store = HealthStore(services.database)
        server = store.database()
        yield good("postgres", f"{server.version}, {server.bytes / 2**20:.0f} MiB")
        yield from _server(server)
        yield from _tables(store.tables())
        yield from _work(services)
        yield from _mounts(services)
        lanes = store.workers(HEARD_SECONDS).lanes
        yield judged("processor", lanes > 0, f"{lanes} lanes at work" if lanes else "none is heard of", start)
    except ControlError as error:
        yield Finding("postgres", "failed", error.details or error.message, start)
    finally:
        services.database.close()
    yield from _redis(settings, start)


def doors(settings: Settings) -> Iterator[Finding]:
    """Control's socket and Nginx's port, as Nginx and a browser would find them."""
    start = "deploy/up, or: systemctl start sluice-control sluice-nginx"
    problem = closed_door(str(settings.paths.run / "control.sock"))
    yield judged("control", not problem, problem or "it listens", start)
    said = ask(f"https://localhost:{settings.server.port}/readyz")
    yield judged("nginx", said is None, f"port {settings.server.port}: {said or 'ready'}", start)
    for mount in settings.mounts:
        problem = closed_door(str(settings.paths.run / f"{mount.name}.drive"))
        yield judged(f"drive {mount.name}", not problem, problem or "it listens",
                     f"deploy/up, or: systemctl enable --now sluice-drive@{mount.name}")  # fmt: skip


def origins(settings: Settings) -> Iterator[Finding]:
    """Of an edge: every control host, asked as the edge asks it."""
    for origin in settings.edge.origins:
        try:
            Door([origin], settings.paths.keys).get(contract.EDGE_KEYS.path)
        except (OSError, CommandError) as error:
            cure = "Is it there ([edge] door), and does it know this edge? There: sluice doctor, sluice nginx reload"
            yield Finding(f"control host {origin}", "failed", str(error), cure)
        else:
            yield good(f"control host {origin}", "it knows this edge")


def clock() -> Iterator[Finding]:
    """Whether anybody sets it. Signatures and tokens allow for LEEWAY_SECONDS."""
    if shutil.which("timedatectl") is None:
        return
    asked = ["timedatectl", "show", "--property=NTPSynchronized", "--value"]
    outcome = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    if outcome.returncode == 0:
        fine = outcome.stdout.strip() == "yes"
        says = "set by the network" if fine else "nobody sets it"
        yield judged("clock", fine, says, "Links and tokens go by it: timedatectl set-ntp true", "warning")


def _server(server: DatabaseFacts) -> Iterator[Finding]:
    apart = abs((server.now - datetime.now(UTC)).total_seconds())
    yield judged("clock postgres", apart < LEEWAY_SECONDS / 2, f"{apart:.0f} s apart from ours",
                 "Set both clocks by NTP: links and tokens go by them.")  # fmt: skip
    used = server.connections / server.most_connections
    yield judged("connections", used < 0.8, f"{server.connections} of {server.most_connections}",
                 "Raise max_connections of Postgres, or lower database.pool_max.", "warning")  # fmt: skip


def _tables(tables: Tables) -> Iterator[Finding]:
    if tables.newer:
        says = f"newer than this host: {', '.join(tables.newer)}"
        yield Finding("tables", "warning", says, "It goes on. Bring this host up to date, too.")
        return
    says = f"missing: {', '.join(tables.missing)}" if tables.missing else "up to date"
    yield judged("tables", not tables.missing, says, "sluice migrate")


def _work(services: bootstrap.Services) -> Iterator[Finding]:
    jobs = services.queue.jobs()
    failed = [job for job in jobs if job.state == "failed"]
    paused = [job for job in jobs if job.state == "paused"]
    waiting = [job.since for job in jobs if job.state == "waiting"]
    age = (datetime.now(UTC) - min(waiting)).total_seconds() if waiting else 0
    yield judged("queue", age < _WAITING_SECONDS, f"{len(waiting)} wait, the oldest for {age / 60:.0f} min",
                 "Start more processors, or raise processing.workers: sluice queue list", "warning")  # fmt: skip
    yield judged("imports", not failed, f"{len(failed)} have failed" if failed else "none has failed",
                 "See why, then try again: sluice queue list, sluice queue retry MEDIA", "warning")  # fmt: skip
    if paused:
        yield Finding("pipeline", "failed", paused[0].error or "paused", "Make room on the disk: it goes on by itself.")
    lag = services.receipts.status().lag_seconds
    yield judged(
        "receipts", lag < _LAG_SECONDS, f"{lag:.0f} s behind", "The processor reads them: see its log.", "warning"
    )


def _mounts(services: bootstrap.Services) -> Iterator[Finding]:
    known = {state.name: state for state, _ in services.mounts.all()}
    for mount in services.settings.mounts:
        state = known.get(mount.name)
        if state is None:
            yield Finding(
                f"mount {mount.name}", "warning", "nobody has looked at it yet", "The processor does: start it."
            )
        elif state.away:
            yield Finding(
                f"mount {mount.name}", "failed", state.reason, f"Bring {mount.path} back: it is noticed within seconds."
            )
        elif state.missing:
            yield Finding(f"mount {mount.name}", "warning", f"{state.missing} files are missing",
                          f"Bring them back, or say that they are gone: sluice mount confirm {mount.name}")  # fmt: skip
        else:
            yield good(f"mount {mount.name}", "here")


def _redis(settings: Settings, start: str) -> Iterator[Finding]:
    found = describe(settings.redis_url)
    if isinstance(found, str):
        yield Finding("redis", "failed", found, f"{start} Nobody is logged out meanwhile, but revoking takes a query.")
        return
    yield good("redis", f"{found.version}, {found.bytes / 2**20:.0f} MiB")
    apart = abs(found.now - time.time())
    yield judged("clock redis", apart < LEEWAY_SECONDS / 2, f"{apart:.0f} s apart from ours", "Set both clocks by NTP.")


def closed_door(path: str) -> str:
    """What is wrong with a unix socket, or nothing."""
    with socket.socket(socket.AF_UNIX) as door:
        door.settimeout(3)
        try:
            door.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return _CLOSED
        except OSError as error:
            return f"{_SILENT}: {error}"
    return ""

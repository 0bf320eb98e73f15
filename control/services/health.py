"""How the server is: each of its parts, and what needs a person."""

from __future__ import annotations

import platform
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from control.domain.health import Concern, Disk, Level, Part, Tables
from control.services.certificates import end_of
from control.services.keys import Keys
from control.services.mounts import Mounts
from control.services.quarantine import Quarantine
from control.services.receipts import Receipts
from control.services.usage import Usage

HEARD_SECONDS = 15  # a processor that has said nothing for so long is not there
LAG_SECONDS = 60
SKEW_SECONDS = 5
CERTIFICATE_DAYS = 21
LEAST_FREE_PERCENT = 5
ROTATION_GRACE = timedelta(days=1)  # the processor looks once an hour


class Health:
    """`redis_version()` is None where Redis does not answer."""

    def __init__(
        self, store, redis_version: Callable[[], str | None], receipts: Receipts, usage: Usage, mounts: Mounts,
        quarantine: Quarantine, keys: Keys, certificate: Path, workers: int, free_bytes: int,
    ):  # fmt: skip
        self._store, self._redis_version, self._receipts, self._usage = store, redis_version, receipts, usage
        self._mounts, self._quarantine, self._keys = mounts, quarantine, keys
        self._certificate, self._workers, self._free_bytes = certificate, workers, free_bytes

    # --- at a glance ------------------------------------------------------------------------------

    def worked_off(self) -> bool:
        """Whether a processor was heard of lately."""
        return self._store.workers(HEARD_SECONDS).lanes > 0

    def tables(self) -> Tables:
        return self._store.tables()

    def mounts_here(self) -> bool:
        return not self._mounts.away()

    # --- parts ------------------------------------------------------------------------------------

    def parts(self) -> list[Part]:
        return [
            self._control(), self._database(), self._redis(), self.processor(), self._queue(), self._reading(),
            self._clock(), self._served_by(),
        ]  # fmt: skip

    def _control(self) -> Part:
        facts = (("Workers", str(self._workers)), ("Python", platform.python_version()))
        return Part("Control", "well", "It has made this page.", version("sluice"), facts)

    def _database(self) -> Part:
        known, tables = self._store.database(), self._store.tables()
        facts = (("Connections", str(known.connections)), ("Size", _size(known.bytes)))
        version = known.version.split()[0]
        if tables.missing:
            says = f"Its tables are older than this control: sluice migrate ({', '.join(tables.missing)})."
            return Part("Postgres", "bad", says, version, facts)
        if tables.newer:
            says = f"Its tables are newer than this control, which goes on: update this host ({tables.newer[-1]})."
            return Part("Postgres", "warned", says, version, facts)
        return Part("Postgres", "well", "It answers.", version, facts)

    def _redis(self) -> Part:
        found = self._redis_version()
        if found is None:
            return Part("Redis", "warned", "It does not answer. Nobody is signed out; everything is a little slower.")
        return Part("Redis", "well", "It answers.", found)

    def processor(self) -> Part:
        known = self._store.workers(HEARD_SECONDS)
        if not known.lanes:
            return Part("Processor", "bad", "None is heard of, so nothing is imported.", facts=_heard(known))
        return Part("Processor", "well", "It is at work.", facts=(("Lanes", str(known.lanes)), *_heard(known)))

    def _queue(self) -> Part:
        known = self._store.queue()
        facts = [("Running", str(known.running)), ("Waiting", str(known.waiting))]
        if known.oldest_at:
            facts.append(("Oldest waits since", known.oldest_at.isoformat(timespec="seconds")))
        if known.paused:
            return Part("Queue", "bad", "It pauses: a disk has too little room.", facts=tuple(facts))
        says = "It is being worked off." if known.running else "Nothing waits." if not known.waiting else "It waits."
        return Part("Queue", "warned" if known.waiting and not known.running else "well", says, facts=tuple(facts))

    def _reading(self) -> Part:
        """How far what was delivered has been taken up."""
        known = self._receipts.status()
        behind = f"{known.lag_seconds:.0f} s, {_size(known.lag_bytes)}"
        facts = [("Behind", behind), ("Bad lines", str(known.bad_lines))]
        if known.read_at:
            facts.append(("Last read", known.read_at.isoformat(timespec="seconds")))
        late = known.lag_seconds > LAG_SECONDS
        says = "The log of deliveries is not being read." if late else "What was delivered is taken up."
        return Part("Receipts", "warned" if late else "well", says, facts=tuple(facts))

    def _clock(self) -> Part:
        skew = (datetime.now(UTC) - self._store.database().now).total_seconds()
        if abs(skew) > SKEW_SECONDS:
            says = f"Control's clock and the database's are {abs(skew):.0f} s apart. Does this machine keep its time?"
            return Part("Clock", "bad", says)
        facts = (("Difference", f"{skew * 1000:.0f} ms"),)
        return Part("Clock", "well", "Control and the database agree.", facts=facts)

    def _served_by(self) -> Part:
        end = end_of(self._certificate)
        if end is None:
            return Part("Certificate", "warned", "It cannot be read from here, so nobody warns before it ends.")
        days = (end - datetime.now(UTC)).days
        level: Level = "well" if days > CERTIFICATE_DAYS else "warned" if days >= 0 else "bad"
        says = f"It is good for {days} days." if days >= 0 else "It has ended: browsers refuse this server."
        return Part("Certificate", level, says, facts=(("Ends", end.isoformat(timespec="seconds")),))

    # --- what needs a person ------------------------------------------------------------------------

    def concerns(self, parts: list[Part]) -> list[Concern]:
        found = [Concern(part.level, part.name, part.says, "/admin/health") for part in parts if part.level != "well"]
        found += self._lost() + self._refused() + [c for disk in self._usage.disks() for c in self._full(disk)]
        found += self._old_keys()
        return sorted(found, key=lambda concern: concern.level != "bad")

    def _lost(self) -> list[Concern]:
        found = []
        for state, _ in self._mounts.all():
            if state.missing and not state.confirmed:
                says = f"{state.missing} files are missing. They stay in the library until you say that they are gone."
                found.append(Concern("bad", f"Mount {state.name}", says, "/admin/mounts"))
            elif state.away:
                found.append(Concern("warned", f"Mount {state.name} is away", state.reason, "/admin/mounts"))
        return found

    def _refused(self) -> list[Concern]:
        count = self._quarantine.count()
        says = "Try again, take the original out, or remove it."
        title = "1 file could not be used" if count == 1 else f"{count} files could not be used"
        return [Concern("warned", title, says, "/admin/quarantine")] if count else []

    def _full(self, disk: Disk) -> list[Concern]:
        if disk.free >= self._free_bytes and disk.used_percent <= 100 - LEAST_FREE_PERCENT:
            return []
        level: Level = "bad" if disk.free < self._free_bytes and disk.holds != ("scratch",) else "warned"
        title = f"{_size(disk.free)} left on the disk of {disk.holds[0]}/"
        return [Concern(level, title, "Make room: with too little of it nothing is imported.", "/admin/storage")]

    def _old_keys(self) -> list[Concern]:
        master = self._keys.master()
        overdue = datetime.now(UTC) - master.due_at
        if overdue < ROTATION_GRACE:
            return []
        says = f"The master key was due for a new one {overdue.days} days ago. The processor makes it once an hour."
        return [Concern("warned", "Keys are old", says, "/admin/keys")]


def _heard(known) -> tuple[tuple[str, str], ...]:
    return (("Heard of", known.heard_at.isoformat(timespec="seconds")),) if known.heard_at else ()


def _size(count: float) -> str:
    """1536 -> 1.5 kB, as the pages write sizes"""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"

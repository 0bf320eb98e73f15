"""Looking at a mount: what Nginx and control are told, and that no scan holds it up or is believed too early (U15)."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from control.domain.mounts import MountState
from control.errors import DatabaseUnavailable
from control.settings.sections import Mount
from nginx import contract
from processor import mounts
from processor.mount_probe import Look
from processor.mount_watch import MountWatch


class States:
    """The mounts' table, with one row."""

    def __init__(self):
        self.state: MountState | None = None
        self.library, self.missing, self.confirmed, self.away_too = 0, 0, False, False

    def find(self, name):
        if self.away_too:
            raise DatabaseUnavailable()
        return self.state

    def note(self, name, away, reason, mount_point):
        if self.away_too:
            raise DatabaseUnavailable()
        now = datetime.now(UTC)
        self.state = MountState(name, away, reason, mount_point, now, now, self.missing, self.confirmed)

    def items(self, name):
        return self.library

    def note_missing(self, name, missing):
        self.missing = missing


class Probe:
    """Finds what it is told to find."""

    def __init__(self):
        self.found = Look("", mount_point=True)

    def look(self, was_mount_point):
        return self.found


@pytest.fixture
def states():
    return States()


@pytest.fixture
def watch(tmp_path, states):
    watch = MountWatch(Mount(name="cloud", path="/nowhere"), states, tmp_path, pause=0.01)
    watch._probe = Probe()
    return watch


@pytest.fixture
def flag(tmp_path):
    return contract.away_flag(tmp_path, "cloud")


def test_nginx_and_control_are_told_that_it_left_and_that_it_is_back(watch, states, flag):
    for reason in ("", "The drive does not answer.", ""):
        watch._probe.found = Look(reason)
        assert asyncio.run(watch.look()) is (reason == "")
        assert (flag.exists(), states.state.reason) == (bool(reason), reason)


def test_U15_nginx_is_told_while_the_database_is_away(watch, states, flag):
    states.away_too = True
    for reason in ("The drive does not answer.", ""):
        watch._probe.found = Look(reason)
        assert asyncio.run(watch.look()) is (reason == "")
        assert flag.exists() is bool(reason)


def test_U15_an_empty_root_is_away_until_a_person_says_yes(watch, states, flag):
    states.library = 5
    asyncio.run(watch.look())
    watch._probe.found = Look("", mount_point=True, empty=True)
    assert not asyncio.run(watch.look()) and flag.exists()
    assert "5 of its files" in states.state.reason and states.missing == 5
    states.confirmed = True
    asyncio.run(watch.look())  # this one reads the yes that the row holds from now on
    assert asyncio.run(watch.look()) and not flag.exists()


def test_an_empty_root_that_always_was_empty_is_here(watch, states):
    watch._probe.found = Look("", empty=True)
    assert asyncio.run(watch.look()) and asyncio.run(watch.look()) and states.missing == 0


class Scan:
    """Finds nothing, and remembers whether that was believed."""

    def __init__(self, during=lambda: None):
        self.during, self.dropped = during, False

    def register(self):
        self.during()
        return set()

    def drop_missing(self, present):
        self.dropped = True


@pytest.mark.parametrize("leaves", [True, False])
def test_U15_a_drive_that_leaves_during_its_scan_loses_nothing(watch, leaves):
    def leave():
        watch._probe.found = Look("The drive is not mounted." if leaves else "")

    scan = Scan(leave)
    asyncio.run(mounts._scan(scan, watch, ThreadPoolExecutor(1)))
    assert scan.dropped is not leaves


def test_U15_a_scan_that_hangs_does_not_stop_the_looks(watch, states, flag):
    hang = threading.Event()

    async def both():
        looking = asyncio.create_task(watch.run())
        scanning = asyncio.create_task(mounts._scan(Scan(hang.wait), watch, ThreadPoolExecutor(1)))
        watch._probe.found = Look("The drive does not answer.")
        for _ in range(6000):
            await asyncio.sleep(0.01)
            if flag.exists():
                break
        hung = not scanning.done()
        looking.cancel()
        hang.set()
        await scanning
        return hung

    assert asyncio.run(both()) and flag.exists()

"""What work costs, in a process of its own: with everything that came of it, sandboxes too."""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    outcome: Any
    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: int  # bytes: memory of the largest child


def cost_of(work: Callable[[], Any]) -> Cost:
    """Do `work` in a fork of this process, and count what it and all of its descendants used."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        _report(work, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as file:
        answer = file.read()
    if os.waitpid(pid, 0)[1] or not answer:
        raise RuntimeError("the work failed, see above")
    return pickle.loads(answer)


def _report(work: Callable[[], Any], writing: int) -> None:
    """What bubblewrap leaves behind falls to us: only what is waited for is counted."""
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        began = time.monotonic()
        outcome = work()
        wall = time.monotonic() - began
        _wait_for_orphans()
        os.write(writing, pickle.dumps(Cost(outcome, wall, _cpu(), _peak())))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _wait_for_orphans() -> None:
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


def memory() -> int:
    """Bytes of this process that are in RAM now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

"""Is a mount there? Asked in a process of its own, because a dead network drive hangs whoever looks at it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

DEADLINE_SECONDS = 5.0

# The root is opened and its first entry read; its device tells a mount point from the directory below it. No more is
# imported than that takes: this is what an idle server does most.
_LOOK = """
import os, sys
path = sys.argv[1]
with os.scandir(path) as entries:
    empty = next(entries, None) is None
here, above = os.stat(path).st_dev, os.stat(os.path.join(path, os.pardir)).st_dev
print(int(here != above), int(empty))
"""
# A look that hangs must not outlive a stop of everything (prctl(2), PR_SET_PDEATHSIG).
_DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


@dataclass(frozen=True)
class Look:
    """What was found; `reason` says why it counts as away ("" for here)."""

    reason: str
    mount_point: bool = False
    empty: bool = False

    @property
    def away(self) -> bool:
        return bool(self.reason)


class MountProbe:
    """Looks at one mount; a look that hangs is left behind, and no second one is started beside it."""

    def __init__(self, path: Path, deadline: float = DEADLINE_SECONDS, look: str = _LOOK):
        self._path, self._deadline, self._look = path, deadline, look
        self._hanging: subprocess.Popen | None = None

    def look(self, was_mount_point: bool) -> Look:
        if self._hanging is not None and self._hanging.poll() is None:
            return Look("The drive does not answer.")
        self._hanging = None
        process = subprocess.Popen(
            [*_DIES_WITH_US, sys.executable, "-I", "-S", "-c", self._look, str(self._path)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            found, complaint = process.communicate(timeout=self._deadline)
        except subprocess.TimeoutExpired:
            process.kill()
            self._hanging = process  # in an uninterruptible sleep not even a kill is heard
            return Look(f"The drive did not answer within {self._deadline:g} seconds.")
        if process.returncode:
            return Look(f"The drive cannot be read: {complaint.strip().splitlines()[-1].split('] ')[-1]}.")
        look = Look("", *(bool(int(one)) for one in found.split()))
        if was_mount_point and not look.mount_point:
            return Look("The drive is not mounted.")
        return look

"""Whether a mount is there: looked at every few seconds, whatever its scan does, and told to control and to Nginx."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from control.domain.mounts import MountState
from control.errors import ControlError
from control.settings.sections import Mount
from control.storage.sql.mounts import MountStore
from nginx import contract
from processor.mount_probe import Look, MountProbe

log = structlog.get_logger()

LOOK_SECONDS = 5.0


class MountWatch:
    """Looks at one mount. Control reads what was found from the database, Nginx from a flag on the local disk."""

    def __init__(self, mount: Mount, states: MountStore, run: Path, pause: float = LOOK_SECONDS):
        self._mount, self._states, self._pause = mount, states, pause
        self._flag = contract.away_flag(run, mount.name)
        self._probe = MountProbe(mount.path)
        self._state: MountState | None = None
        self._reason: str | None = None
        self._thread, self._one_look = ThreadPoolExecutor(1), asyncio.Lock()
        self._here = asyncio.Event()

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._pause)

    async def until_here(self) -> None:
        """Return as soon as the newest look has found the mount there."""
        await self._here.wait()

    async def look(self) -> bool:
        """Look now, and return whether the mount is there."""
        async with self._one_look:
            reason = await asyncio.get_running_loop().run_in_executor(self._thread, self._look)
        self._here.clear() if reason else self._here.set()
        return not reason

    def _look(self) -> str:
        """Why the mount is away; "" where it is there. Nginx is told also while the database is away."""
        try:
            with contextlib.suppress(ControlError):
                self._state = self._states.find(self._mount.name)
            found = self._probe.look(self._state is not None and self._state.mount_point)
            reason = found.reason or self._lost_everything(found)
            self._tell(reason)
            self._states.note(self._mount.name, bool(reason), reason, found.mount_point)
        except (OSError, ControlError) as error:
            log.warning("mount_not_looked_at", mount=self._mount.name, error=type(error).__name__)
            reason = self._reason or ""
        return reason

    def _lost_everything(self, found: Look) -> str:
        """An empty root is a cloud drive that is not signed in, until a person says that nothing is on it any more."""
        if not found.empty or self._state is None or self._state.confirmed:
            return ""
        items = self._states.items(self._mount.name)
        if not items:
            return ""
        if items != self._state.missing:
            self._states.note_missing(self._mount.name, items)
        return f"The drive is empty; {items} of its files are in the library."

    def _tell(self, reason: str) -> None:
        self._flag.parent.mkdir(parents=True, exist_ok=True)
        self._flag.touch() if reason else self._flag.unlink(missing_ok=True)
        if bool(reason) != bool(self._reason) or self._reason is None:
            log.warning("mount_away" if reason else "mount_here", mount=self._mount.name, reason=reason)
        self._reason = reason

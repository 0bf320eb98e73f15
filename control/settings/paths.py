"""Where things lie under DIR."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from nginx.contract import LONGEST_MOUNT, drive_socket

# sockaddr_un.sun_path holds 108 bytes and ends with a NUL (unix(7)); the socket of a drive has the longest name.
LONGEST_RUN_DIRECTORY = 107 - len(str(drive_socket(Path("/"), "x" * LONGEST_MOUNT)))


SCRATCH_BYTES = 2 << 30  # RAM-backed storage with less room than this is left alone


@dataclass(frozen=True)
class Paths:
    """Where things lie under DIR. Only ``imports`` is for people; ``vault`` is all ciphertext."""

    data: Path

    def __getattr__(self, name: str) -> Path:
        if name not in DIRECTORIES:
            raise AttributeError(name)
        return self.data / name

    @property
    def run(self) -> Path:
        """Sockets and pids; outside DIR only where DIR's own path is too long for a unix socket."""
        inside = self.data / "run"
        if len(os.fsencode(inside)) <= LONGEST_RUN_DIRECTORY:
            return inside
        return Path("/tmp") / f"sluice-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]}"  # noqa: S108

    @property
    def cache(self) -> Path:
        """Decrypted thumbnails: RAM-backed where the system offers it, so that no plaintext reaches a disk."""
        shared_memory = Path("/dev/shm")  # noqa: S108
        name = f"sluice-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]}"
        return shared_memory / name if os.access(shared_memory, os.W_OK) else self.run / "cache"

    @property
    def metrics(self) -> Path:
        """What control's processes count, for each other: in memory, and forgotten at every start."""
        return self.cache.with_name(self.cache.name + "-metrics")

    @property
    def scratch_directories(self) -> tuple[Path, Path]:
        """Where a processor may keep plaintext for a moment: in RAM, else below DIR."""
        return self.cache.with_name(self.cache.name + "-work"), self.data / "work"

    @property
    def scratch(self) -> Path:
        memory, disk = self.scratch_directories
        roomy = memory.parent.exists() and shutil.disk_usage(memory.parent).free > SCRATCH_BYTES
        return memory if roomy else disk


# name -> mode. Created by `sluice init`.
DIRECTORIES = {
    "imports": 0o775,
    "vault": 0o750,
    "archive": 0o700,
    "files": 0o750,
    "quarantine": 0o750,
    "spool": 0o700,
    "work": 0o700,
    "keys": 0o700,
    "tls": 0o700,
    "nginx": 0o750,
    "logs": 0o750,
}

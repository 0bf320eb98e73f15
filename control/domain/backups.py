"""What a backup is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

# Below DIR. What is not here is made anew by a start, or is nobody's yet (spool/, work/).
PLACES = ("keys", "tls", "vault", "archive", "files", "quarantine", "imports")
SINGLE_FILES = ("sluice.toml", "admin-password")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, as it was."""

    path: str  # below DIR; bytes that are no UTF-8 as surrogates (PEP 383)
    sha256: str
    size: int
    mtime_ns: int
    mode: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment: the database as one file, and every file of DIR that counts."""

    id: str  # sorts by time
    made_at: datetime
    version: str  # of Sluice
    database: Entry
    files: list[Entry]
    skipped: list[str]  # files that changed or vanished while they were read

    @property
    def bytes(self) -> int:
        return self.database.size + sum(entry.size for entry in self.files)

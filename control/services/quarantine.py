"""Quarantine: what was refused and why, its original, and removing it."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from control.domain.quarantine import Refused
from control.domain.sessions import Principal
from control.errors import MediaNotFound, ScanRefused
from control.services.audit import Audit
from control.services.files import Files
from control.services.library import Library
from control.settings.paths import Paths
from nginx import contract

REASON = "reason.txt"
_LONGEST_REASON = 2000
MOST_TURNED_AWAY = 200


class Quarantine:
    def __init__(self, store, library: Library, files: Files, paths: Paths, audit: Audit):
        self._store, self._library, self._files, self._paths, self._audit = store, library, files, paths, audit

    def count(self) -> int:
        """Of failed media."""
        return self._store.count()

    def failed(self, limit: int, offset: int) -> list[Refused]:
        """Failed media, the newest first."""
        return [self._with_file(found) for found in self._store.failed(limit, offset)]

    def turned_away(self) -> list[Refused]:
        """Files that are no media: a virus scanner has refused them."""
        ids = [path.name for path in self._paths.quarantine.iterdir() if re.fullmatch(contract.UUID, path.name)]
        strangers = sorted(set(ids) - self._store.known(ids))[:MOST_TURNED_AWAY]
        uploads = self._store.turned_away(strangers)
        return [self._stranger(media_id, *uploads.get(media_id, ("", None))) for media_id in strangers]

    def find(self, media_id: str) -> Refused:
        """Raises MediaNotFound."""
        found = self._store.find(media_id)
        if found is not None:
            return self._with_file(found)
        if self._store.known([media_id]) or not self._place(media_id).is_dir():
            raise MediaNotFound()
        return self._stranger(media_id, *self._store.turned_away([media_id]).get(media_id, ("", None)))

    def remove(self, media_id: str, by: Principal, address: str, decision_id: str) -> None:
        """Out of the library and off the disk, for good; raises MediaNotFound for what was not refused."""
        refused = self.find(media_id)
        if refused.in_library:
            self._files.delete(self._library.find(media_id), by, address, decision_id)
        else:
            self._audit.record(
                "media_deleted", by, media_id=media_id, address=address, decision=decision_id, reason="quarantine",
                details={"name": refused.name},
            )  # fmt: skip
        shutil.rmtree(self._place(media_id), ignore_errors=True)

    def _stranger(self, media_id: str, name: str, owner: str | None) -> Refused:
        place = self._place(media_id)
        return self._with_file(
            Refused(
                media_id, name or "A file without a name", "document", None, "upload", "refused",
                datetime.fromtimestamp(place.stat().st_mtime, UTC), owner, ScanRefused.code, _reason(place), False,
            )  # fmt: skip
        )

    def _with_file(self, refused: Refused) -> Refused:
        file = self._place(refused.id) / contract.QUARANTINED
        if not file.is_file() or file.is_symlink():
            return refused
        return replace(refused, has_file=True, size=file.stat().st_size)

    def _place(self, media_id: str) -> Path:
        return self._paths.quarantine / media_id


def _reason(place: Path) -> str:
    try:
        return (place / REASON).read_text(errors="replace")[:_LONGEST_REASON].strip()
    except OSError:
        return ""

"""Files by the key that the upload service's clients know them by: finding, and deleting."""

from __future__ import annotations

import shutil
from pathlib import Path

from control.domain.media import Media
from control.domain.sessions import Principal
from control.errors import BadRequest
from control.services.audit import Audit
from control.services.library import Library
from control.settings.paths import Paths
from control.vault.originals import archive_path, kept_path, pending_path
from nginx import contract


class Files:
    def __init__(self, paths: Paths, media, library: Library, queue, audit: Audit):
        self._paths, self._media, self._library, self._queue, self._audit = paths, media, library, queue, audit

    def find(self, key: str) -> Media | None:
        """The media with this key (Media.key)."""
        return self._library.find_by_key(key)

    def facts(self, media: Media) -> tuple[bytes | None, int | None]:
        """(SHA-256, CRC-32) of its original, where they are known."""
        return self._media.content_of(media.id), self._media.crc32_of(media.id)

    def delete(self, media: Media, by: Principal, address: str, decision_id: str) -> None:
        """Out of the library at once, then off the disk. Raises BadRequest for a mounted file."""
        if media.mount is not None:
            raise BadRequest("A mounted file is never changed from here: delete it where it lies.")
        self._media.delete(media.id)
        self._queue.cancel(media.id)
        self._audit.record(
            "media_deleted", by, media_id=media.id, address=address, decision=decision_id, reason="on demand",
            details={"name": media.name, "size": media.size_bytes},
        )  # fmt: skip
        for path in self._files_of(media):
            path.unlink(missing_ok=True)
        for place in (self._paths.vault / contract.vault_directory(media.id), self._paths.quarantine / media.id):
            shutil.rmtree(place, ignore_errors=True)

    def _files_of(self, media: Media) -> list[Path]:
        kept = kept_path(self._paths, media.id, media.stored)
        return [kept, archive_path(self._paths, media.id), pending_path(self._paths, media.id)]

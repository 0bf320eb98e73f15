"""The queue from the administrator's side: what it does, trying again, and stopping."""

from __future__ import annotations

import os
from pathlib import Path

from control.domain.media import Media
from control.domain.queue import Job
from control.domain.sessions import Principal
from control.errors import BadRequest, ImportCancelled, MediaNotFound
from control.services.audit import Audit
from control.settings.paths import Paths
from control.vault.originals import pending_path
from nginx import contract


class Queue:
    def __init__(self, queue, media, audit: Audit, paths: Paths):
        self._queue, self._media, self._audit, self._paths = queue, media, audit, paths

    def jobs(self) -> list[Job]:
        return self._queue.jobs()

    def retry(self, media_id: str, by: Principal, address: str = "", decision_id: str = "") -> None:
        """Take a failed import up again, from its file in quarantine; raises MediaNotFound or BadRequest."""
        media = self._failed(media_id)
        if media.mount is None:
            if media.stored is None:
                self._bring_back(media)
            self._media.retry(media_id, None)
        else:
            self._media.note(media_id, None, None)
        self._queue.defer(media_id, media.kind)
        self._record("import_retried", by, media_id, address, decision_id)

    def put_first(self, media_id: str, by: Principal, address: str = "", decision_id: str = "") -> None:
        """Before everything else that waits. Raises MediaNotFound for what does not wait."""
        if not self._queue.put_first(media_id):
            raise MediaNotFound("It does not wait.")
        self._record("import_put_first", by, media_id, address, decision_id)

    def cancel(self, media_id: str, by: Principal, address: str = "", decision_id: str = "") -> None:
        """Stop an import that waits or runs; its file goes to quarantine, unharmed. Raises MediaNotFound."""
        job = self._queue.find(media_id)
        if job is None or job.state == "failed" or not self._queue.cancel(media_id):
            raise MediaNotFound("It neither waits nor runs.")
        if job.state == "waiting":
            self._media.fail(media_id, ImportCancelled.code, f"Cancelled by {by.name}.")
            self._put_away(media_id)
        self._record("import_cancelled", by, media_id, address, decision_id)

    def _failed(self, media_id: str) -> Media:
        media = self._media.find(media_id)
        if media is None or media.trashed_at is not None:
            raise MediaNotFound()
        if media.state != "failed" and not (media.mount and media.error_code):
            raise BadRequest("Only an import that has failed can be tried again.")
        return media

    def _bring_back(self, media: Media) -> None:
        """From quarantine/ to its old place in imports/; a name that is taken meanwhile is left alone."""
        kept, place = self._paths.quarantine / media.id / contract.QUARANTINED, self._place(media)
        if kept.exists():
            if os.path.lexists(place):
                raise BadRequest(f"Another file called {place.name!r} lies in imports/: move it first.")
            place.parent.mkdir(parents=True, exist_ok=True)
            self._media.note_import(media.id, kept.stat())
            os.rename(kept, place)
        elif not place.is_file():
            raise BadRequest("Its file is neither in quarantine/ nor in imports/.")

    def _put_away(self, media_id: str) -> None:
        media = self._media.find(media_id)
        if media is None or media.mount is not None or media.stored is not None:
            return  # it stays where it is
        place, target = self._place(media), self._paths.quarantine / media_id
        target.mkdir(mode=0o750, exist_ok=True)
        if place.is_file():
            os.rename(place, target / contract.QUARANTINED)

    def _place(self, media: Media) -> Path:
        if media.source == "upload":
            return pending_path(self._paths, media.id)
        path = self._media.import_path(media.id)
        if path is None:
            raise MediaNotFound()
        return self._paths.imports / os.fsdecode(path)

    def _record(self, event: str, by: Principal, media_id: str, address: str, decision_id: str) -> None:
        self._audit.record(event, by, media_id=media_id, address=address, decision=decision_id, reason="on demand")

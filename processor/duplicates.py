"""The same file twice: known by its SHA-256, then kept, linked or refused, as `imports.duplicates` says."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import structlog

from control import vault
from control.domain.media import Media
from control.errors import AlreadyThere, StorageUnavailable
from control.settings import Settings
from control.storage.sql.media import MediaStore
from control.storage.sql.media_keys import MediaKeyStore
from control.vault.manifest import write_manifest
from control.vault.objects import Compartment, Objects
from control.vault.originals import archive_path, kept_path
from processor.steps.refusal import Refused

log = structlog.get_logger()


class Duplicates:
    def __init__(
        self, settings: Settings, objects: Objects, media: MediaStore, keys: MediaKeyStore, master: vault.MasterKeys,
    ):  # fmt: skip
        self._settings, self._objects, self._media, self._keys, self._master = settings, objects, media, keys, master

    def taken(self, media: Media, source: Path) -> bool:
        """Whether `media` needs no work of its own, because its content is there and is linked. Raises Refused.

        Only a file that is as large as another one is read for it.
        """
        policy = self._settings.imports.duplicates
        if policy == "keep" or not self._media.has_size(source.stat().st_size, media.id):
            return False
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        other = self._media.find_by_content(digest, media.id)
        if other is not None and policy == "refuse":
            raise Refused(f"The same file is in the library already, as {other.name!r}.", AlreadyThere)
        return other is not None and self._link(media, other)

    def note(self, media_id: str, digest: bytes) -> None:
        """Record the content of a media, and which one had it before."""
        other = self._media.find_by_content(digest, media_id)
        self._media.note_content(media_id, digest, other and other.id)

    def _link(self, media: Media, other: Media) -> bool:
        """Everything of `other` is hard-linked, under the same media key: no work, no room. False where it cannot."""
        target = Compartment.of(self._objects, media.id)
        try:
            target.remove()
            target.share(Compartment.of(self._objects, other.id))
            self._link_original(media, other)
        except (OSError, StorageUnavailable) as error:
            log.warning("not_linked", media=media.id, to=other.id, error=str(error))
            return False
        key = self._master.unwrap(other.id, self._keys.get(other.id))
        self._keys.put(media.id, self._master.wrap(media.id, key))
        write_manifest(target, media.id, other.renditions, other.tracks, key)
        self._media.link(media.id, other)
        self._media.complete(media.id, other.original)
        return True

    def _link_original(self, media: Media, other: Media) -> None:
        where = {"archived": archive_path, "kept": kept_path}.get(other.original)
        if where is None:
            return
        place = where(self._settings.paths, media.id)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        os.link(where(self._settings.paths, other.id), place)

"""The vault from the operator's side: is all of it there, make it anew, bring originals back, change its keys."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from typing import BinaryIO

from control import vault
from control.domain.media import Media
from control.errors import BadRequest, EncryptionFailed, MediaNotFound, NoPlainFile
from control.services.audit import Audit
from control.services.users import OPERATOR
from control.settings.paths import Paths
from control.vault.manifest import VaultDamaged, fingerprint, key_of, verify_manifest
from control.vault.objects import Compartment, Objects
from control.vault.originals import archive_path, archived_digest, kept_path, pending_path, read_archive
from control.vault.reencryption import Rekeyed
from nginx import contract

_COPY_BYTES = 1 << 20


class Vault:
    def __init__(self, paths: Paths, objects: Objects, media, keys, master: vault.MasterKeys, queue, audit: Audit,
                 publish: Callable[[str, str], None]):  # fmt: skip
        self._paths, self._objects, self._media, self._keys, self._master = paths, objects, media, keys, master
        self._queue, self._audit, self._publish = queue, audit, publish

    # --- is it there? ----------------------------------------------------------------------------

    def damage(self, media: Media) -> list[str]:
        """What is wrong with the renditions and the original of a complete media; reads all of both."""
        found = [self._damaged_original(media)]
        if media.source != "mount" or media.renditions or media.stills:
            found.append(self._damaged_renditions(media))
        return [sentence for sentence in found if sentence]

    def _damaged_renditions(self, media: Media) -> str | None:
        target = self._target(media.id)
        try:
            verify_manifest(target)
            key = self.media_key(media.id)
        except (VaultDamaged, EncryptionFailed) as error:
            return str(error)
        return None if key_of(target) in (None, fingerprint(key)) else "its key belongs to other renditions"

    def _damaged_original(self, media: Media) -> str | None:
        try:
            content = {"archived": self._archived, "kept": self._kept}.get(media.original, lambda media: None)(media)
        except (OSError, EncryptionFailed):
            return "its original is missing or cannot be opened"
        recorded = self._media.content_of(media.id)
        return "its original is damaged" if content and recorded and content != recorded else None

    def _archived(self, media: Media) -> bytes:
        content = archived_digest(archive_path(self._paths, media.id), self.media_key(media.id))
        if content is None:
            raise EncryptionFailed()
        return content

    def _kept(self, media: Media) -> bytes:
        with kept_path(self._paths, media.id, media.stored).open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()

    # --- originals -------------------------------------------------------------------------------

    def bring_back(self, media: Media, target: BinaryIO) -> None:
        """Write the original of an imported media; raises NoPlainFile where none was kept, EncryptionFailed."""
        if media.original == "archived":
            with archive_path(self._paths, media.id).open("rb") as sealed:
                return read_archive(self.media_key(media.id), sealed, target)
        if media.original != "kept":
            raise NoPlainFile("Its original was not kept here.")
        with kept_path(self._paths, media.id, media.stored).open("rb") as plain:
            while content := plain.read(_COPY_BYTES):
                target.write(content)

    def remake(self, media: Media) -> None:
        """Everything of it is made anew from its original; raises BadRequest where that is gone or damaged."""
        if self._damaged_original(media) or (media.source != "mount" and not media.original):
            raise BadRequest("It cannot be made anew: its original is not there, or damaged.")
        if media.source != "mount":
            if media.stored is None:
                self._put_back(media)
            self._media.retry(media.id, None)
        self._queue.defer(media.id, media.kind)
        self._audit.record("import_retried", OPERATOR, media_id=media.id, reason="made anew")

    def _put_back(self, media: Media) -> None:
        """The processor takes it from where it lay at first; the archive stays until it is written again."""
        place = pending_path(self._paths, media.id)
        if media.source == "import":
            self._bring_back_sidecars(media)
            place = self._paths.imports / os.fsdecode(self._media.import_path(media.id))
        if os.path.lexists(place):
            raise BadRequest(f"Another file called {place.name!r} lies in imports/: move it first.")
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(place.name + ".part")
        with part.open("wb") as file:
            self.bring_back(media, file)
        self._media.note_import(media.id, part.stat())
        os.rename(part, place)

    def _bring_back_sidecars(self, media: Media) -> None:
        """Subtitles that came beside their film are only here: back into imports/ with them."""
        directory = (self._paths.imports / os.fsdecode(self._media.import_path(media.id))).parent
        directory.mkdir(parents=True, exist_ok=True)
        for rung, name in media.facts.get("sidecars", {}).items():
            with contextlib.suppress(FileNotFoundError):
                sealed = self._target(media.id).get(f"{rung}/{contract.SIDECAR}")
                key = vault.content_key(self.media_key(media.id), f"{rung}-original")
                (directory / name).write_bytes(vault.unseal(key, sealed))

    # --- keys ------------------------------------------------------------------------------------

    def reencrypt(self, media: Media) -> None:
        """A new media key, and everything under it. Raises VaultDamaged for what does not match its manifest.

        Both keys are in the database until the files are under the new one: whoever is killed goes on from there.
        """
        old = self.media_key(media.id)
        announced = self._keys.announced(media.id)
        new = self._master.unwrap(media.id, announced) if announced else vault.new_media_key()
        if announced is None:
            self._keys.announce(media.id, self._master.wrap(media.id, new))
        Rekeyed(media.id, self._objects, archive_path(self._paths, media.id), old, new).run()
        for grant in self._keys.take_over(media.id):
            self._publish("grant", grant)
        self._publish("media", media.id)
        self._audit.record("media_reencrypted", OPERATOR, media_id=media.id, reason="by the operator")

    def media_key(self, media_id: str) -> bytes:
        wrapped = self._keys.get(media_id)
        if wrapped is None:
            raise MediaNotFound("It has no key.")
        return self._master.unwrap(media_id, wrapped)

    def _target(self, media_id: str) -> Compartment:
        return Compartment.of(self._objects, media_id)

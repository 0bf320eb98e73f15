"""Files by the key that the upload service's clients know them by: finding, and deleting."""

from __future__ import annotations

from collections.abc import Callable

from control.domain.media import Media
from control.domain.sessions import Principal
from control.errors import MountedFile
from control.services.library import Library
from control.services.trash import Trash
from control.settings.paths import Paths
from control.vault.objects import Objects
from control.vault.removal import remove


class Files:
    """`work` runs a function in a thread."""

    def __init__(
        self, paths: Paths, objects: Objects, media, library: Library, trash: Trash, doomed, work: Callable,
    ):  # fmt: skip
        self._paths, self._objects, self._media, self._library = paths, objects, media, library
        self._trash, self._doomed, self._work = trash, doomed, work

    def find(self, key: str) -> Media | None:
        """The media with this key (Media.key)."""
        return self._library.find_by_key(key)

    def facts(self, media: Media) -> tuple[bytes | None, int | None]:
        """(SHA-256, CRC-32) of its original, where they are known."""
        return self._media.content_of(media.id), self._media.crc32_of(media.id)

    def delete(self, media: Media, by: Principal, address: str, decision_id: str) -> None:
        """Out of the library at once, then off the disk, past the trash. Raises MountedFile.

        What somebody still works on the processor removes, once that has stopped.
        """
        if media.mount is not None:
            raise MountedFile()
        self._trash.remove(by, media, address=address, decision=decision_id)
        for remains in self._doomed.doomed(1, media.id):
            self._work(remove, self._paths, self._objects, remains)
            self._doomed.forget(media.id)

"""What of one film can be seen so far. Each change is written at once: first to the vault, then to its row."""

from __future__ import annotations

import threading

from control.domain.media import Rendition, Track
from control.domain.playlists import master_playlist
from control.storage.sql.media import MediaStore
from control.vault.objects import Compartment
from nginx import contract


class Publication:
    """Rungs and pictures are made at the same time, by several threads."""

    def __init__(self, media: MediaStore, media_id: str, target: Compartment):
        self._media, self._media_id, self._target = media, media_id, target
        self._lock = threading.Lock()
        self.renditions: list[Rendition] = []
        self._sounds: list[Track] = []
        self._texts: list[Track] = []
        self._stills: list[str] = []

    @property
    def tracks(self) -> list[Track]:
        return self._sounds + self._texts

    def rungs(self, renditions: list[Rendition], sounds: list[Track]) -> None:
        with self._lock:
            self.renditions, self._sounds = renditions, sounds
            self._write()

    def texts(self, tracks: list[Track]) -> None:
        with self._lock:
            self._texts = tracks
            self._write()

    def still(self, kind: str) -> None:
        """One of contract.STILL_KINDS is there."""
        with self._lock:
            self._stills.append(kind)
            self._media.set_stills(self._media_id, self._stills)

    def _write(self) -> None:
        playlist = master_playlist(self.renditions, self.tracks)
        self._target.put(contract.MASTER_PLAYLIST, playlist.encode())
        self._media.set_renditions(self._media_id, self.renditions, self.tracks)

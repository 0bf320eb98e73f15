"""A text file that comes after its film: film.en.srt beside film.mp4 becomes one more subtitle track."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import structlog

from control import vault
from control.domain.media import Media, Track
from control.domain.playlists import master_playlist
from control.settings import Settings
from control.storage.sql.media import MediaStore
from control.storage.sql.media_keys import MediaKeyStore
from control.vault.manifest import write_manifest
from control.vault.objects import Compartment, Objects
from nginx import contract
from processor.room import Room
from processor.scratch import Scratch
from processor.steps.job import Job
from processor.steps.originals import quarantine
from processor.steps.probe import Probe
from processor.steps.subtitles import add_sidecar, is_sidecar

log = structlog.get_logger()


class Sidecars:
    def __init__(self, settings: Settings, objects: Objects, media: MediaStore, keys: MediaKeyStore,
                 master: vault.MasterKeys, scratch: Scratch):  # fmt: skip
        self._settings, self._objects, self._media, self._keys = settings, objects, media, keys
        self._master, self._scratch = master, scratch

    def take_up(self, name: bytes) -> bool:
        """Add the text file `name` of imports/ to its film; False while there is no such film, or not yet."""
        film = next((film for film, path in self._media.imported_beside(name) if _belongs(name, path)), None)
        if film is None:
            return False
        path = self._settings.paths.imports / os.fsdecode(name)
        with path.open("rb") as file:
            if not _alone(file.fileno()):
                return True
            self._add(film, path)
        return True

    def _add(self, film: Media, path: Path) -> None:
        with self._scratch.directory() as scratch:
            job, tracks = self._job(film, path, scratch), list(film.tracks)
            track = add_sidecar(job, path, tracks)
            if track is None:
                log.warning("no_subtitles", film=film.id, name=path.name)
                return quarantine(self._settings.paths, film.id, path, "There are no subtitles in it.", path.name)
            self._publish(job, film, track, tracks)
        log.info("subtitles_added", film=film.id, track=track.name)
        path.unlink()

    def _publish(self, job: Job, film: Media, track: Track, tracks: list[Track]) -> None:
        """The file itself is kept as ciphertext beside what was made of it, under a key that no URL names."""
        sealed = vault.seal(vault.content_key(job.media_key, f"{track.rung}-original"), job.source.read_bytes())
        job.target.put(f"{track.rung}/{contract.SIDECAR}", sealed)
        playlist = master_playlist(film.renditions, tracks)
        job.target.put(contract.MASTER_PLAYLIST, playlist.encode())
        write_manifest(job.target, film.id, film.renditions, tracks, job.media_key)
        self._media.add_track(film.id, track)
        names = {**film.facts.get("sidecars", {}), track.rung: _shown(job.source.name)}
        self._media.add_facts(film.id, {"sidecars": names})

    def _job(self, film: Media, path: Path, scratch: Path) -> Job:
        key = self._master.unwrap(film.id, self._keys.get(film.id))
        target = Compartment.of(self._objects, film.id)
        found = Probe(film.kind, film.mime, film.width, film.height, film.duration)
        return Job(self._settings, path, found, key, target, scratch, Room([], 0, lambda sentence: None))


def _belongs(name: bytes, film: bytes) -> bool:
    directory, _, text = name.rpartition(b"/")
    beside, _, shown = film.rpartition(b"/")
    return directory == beside and is_sidecar(os.fsdecode(text), os.fsdecode(shown))


def _shown(name: str) -> str:
    """As JSON can hold it."""
    return name.encode("utf-8", "replace").decode()


def _alone(descriptor: int) -> bool:
    """Whether no other processor has taken it (flock(2))."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

"""From a file at rest to published media. Reads like a recipe: probe, derive, publish, retire the original."""

from __future__ import annotations

import contextvars
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from control import vault
from control.domain.media import Media
from control.errors import DiskFull, ImportCancelled, ProcessingFailed, StorageUnavailable
from control.settings import Settings
from control.settings.sections import Policy
from control.storage.sql.media import MediaStore
from control.storage.sql.media_keys import MediaKeyStore
from control.storage.sql.queue import QueueStore
from control.vault.manifest import verify_manifest, write_manifest
from control.vault.objects import Compartment, Objects
from control.vault.originals import kept_path, pending_path
from processor.duplicates import Duplicates
from processor.encoders import Encoders
from processor.publication import Publication
from processor.room import Room, no_room
from processor.scratch import Scratch
from processor.steps.documents import make_document
from processor.steps.images import make_image
from processor.steps.job import Job
from processor.steps.ladder import BOARD, Ladder
from processor.steps.originals import quarantine, secure
from processor.steps.probe import Probe, probe
from processor.steps.refusal import NO_PLAIN_FILE, Refused
from processor.steps.songs import make_song_pictures
from processor.steps.stills import make_stills
from processor.steps.storyboard import board_facts
from processor.steps.subtitles import make_subtitles, sidecars_of

log = structlog.get_logger()

_PROGRESS_SECONDS = 1.0
_AGAIN_SECONDS = 5.0  # after a disk was full


class PutAside(Exception):
    """Somebody has deleted the media while it was worked on."""


@dataclass(frozen=True)
class Pipeline:
    settings: Settings
    objects: Objects
    media: MediaStore
    keys: MediaKeyStore
    master: vault.MasterKeys
    queue: QueueStore
    scratch: Scratch
    encoders: Encoders
    duplicates: Duplicates

    def process(self, media_id: str) -> None:
        """Make everything of one media. Runs again from the start after any interruption.

        A file that cannot be used is refused: recorded, put into quarantine, and this returns. A full disk, or a store
        that is away, is waited for. Anything else that goes wrong is raised, for the queue to try again.
        """
        media = self.media.find(media_id)
        if media is None or media.trashed_at is not None or media.state == "failed":  # a job may run twice
            return
        source, room = self.source_of(media), self._room(media_id)
        if media.state != "completed" or media.mount is not None:
            log.info("processing", media=media_id, name=media.name)
            try:
                while not self._made(media, source, room):
                    time.sleep(_AGAIN_SECONDS)
                    self._must_go_on(media_id)
            except Exception as error:
                if isinstance(error, PutAside) or self._is_deleted(media_id):
                    self._put_aside(media_id)
                    return
                if not isinstance(error, Refused):
                    raise
                self.refuse(media, error.code, error.sentence)
                return
            log.info("completed", media=media_id)
        if media.mount is None and media.stored is None:
            source.unlink(missing_ok=True)

    def _made(self, media: Media, source: Path, room: Room) -> bool:
        """One try; False when it ran into a full disk, or the vault's store was away: nothing of it stays."""
        room.wait()
        try:
            with self.scratch.directory() as scratch:
                self._make(media, source, scratch, room)
            return True
        except Exception as error:
            waits = _waits_for(error)
            if waits is None:
                raise
            event, code, sentence = waits
            log.warning(event, media=media.id, error=str(error)[-300:])
            self.media.begin(media.id)
            self.media.note(media.id, code, sentence)
            self._clear(media.id)
            return False

    def _make(self, media: Media, source: Path, scratch: Path, room: Room) -> None:
        _must_be_a_file(source)
        before = source.stat()
        if media.mount is None and media.stored is None and self.duplicates.taken(media, source):
            return
        found = probe(self.settings, source, media.name, scratch)
        job = Job(self.settings, source, found, self._fresh_start(media.id), self._target(media.id), scratch, room)
        self._describe(media.id, found)
        derive = {"video": self._film, "audio": self._song, "image": self._photo, "document": self._document}
        publication = Publication(self.media, media.id, job.target)
        derive[found.kind](media, job, publication)
        write_manifest(job.target, media.id, publication.renditions, publication.tracks, job.media_key)
        verify_manifest(job.target)  # believed only after reading all of it back
        _must_be_the_same(source, before)
        self.media.complete(media.id, "mount" if media.mount is not None else self._retire(media, job))

    # --- by kind ---------------------------------------------------------------------------------

    def _film(self, media: Media, job: Job, publication: Publication) -> None:
        """The rungs, and from the moment that one can be played its pictures and subtitles beside them."""
        with ThreadPoolExecutor(1) as thread:
            beside: list[Future] = []

            def published(renditions, sounds) -> None:
                publication.rungs(renditions, sounds)
                if renditions and not beside:
                    texts = self._pictures_and_texts, media, job.beside("pictures"), publication
                    beside.append(thread.submit(contextvars.copy_context().run, *texts))  # its lines name the job too

            ladder = Ladder(job, self.encoders, published, self._progress_of(media.id))
            try:
                ladder.copy()
                ladder.encode()
            except BaseException:
                job.halted.set()
                raise
            for future in beside:
                future.result()
        if not publication.renditions:
            raise Refused("No picture in it can be decoded.")
        self._board(media.id, job, ladder, publication)

    def _pictures_and_texts(self, media: Media, job: Job, publication: Publication) -> None:
        make_stills(job, publication.still)
        beside = sidecars_of(job.source) if media.mount is not None else []
        texts = make_subtitles(job, beside)
        if texts:
            publication.texts(texts)

    def _board(self, media_id: str, job: Job, ladder: Ladder, publication: Publication) -> None:
        sheet = job.scratch / BOARD
        if ladder.board and sheet.exists() and sheet.stat().st_size:
            job.seal(sheet.read_bytes(), "storyboard")
            self.media.add_facts(media_id, {"storyboard": board_facts(ladder.board)})
            publication.still("storyboard")

    def _song(self, media: Media, job: Job, publication: Publication) -> None:
        make_song_pictures(job, publication.still)
        Ladder(job, self.encoders, publication.rungs, self._progress_of(media.id)).listen()

    def _photo(self, media: Media, job: Job, publication: Publication) -> None:
        self._describe(media.id, make_image(job))
        for kind in ("thumbnail", "still"):
            publication.still(kind)

    def _document(self, media: Media, job: Job, publication: Publication) -> None:
        self._describe(media.id, make_document(job, media.name, publication.still))

    # --- the original ----------------------------------------------------------------------------

    def _retire(self, media: Media, job: Job) -> str:
        """Bring the original to its last place; it stays in imports/ until the media is complete."""
        policy: Policy = getattr(self.settings.imports.originals, job.found.kind)
        if media.stored is not None:
            return "kept"  # an upload: it lies where it stays
        if job.found.kind == "document" and policy == "delete":
            policy = "keep"  # there is nothing else of it
        digest = secure(self.settings.paths, media.id, job.source, job.media_key, policy)
        self.duplicates.note(media.id, digest)
        return {"encrypt": "archived", "keep": "kept", "delete": ""}[policy]

    # --- publishing ------------------------------------------------------------------------------

    def _fresh_start(self, media_id: str) -> bytes:
        """Nothing of an earlier try is visible, then nothing of it is left; the new one has a new key."""
        self.media.begin(media_id)
        self._target(media_id).remove()
        media_key = vault.new_media_key()
        self.keys.put(media_id, self.master.wrap(media_id, media_key))
        return media_key

    def _target(self, media_id: str) -> Compartment:
        return Compartment.of(self.objects, media_id)

    def _clear(self, media_id: str) -> None:
        """Nothing of a try stays. What cannot be removed now goes with the next try, or with the media."""
        try:
            self._target(media_id).remove()
        except (OSError, StorageUnavailable) as error:
            log.warning("not_cleared", media=media_id, error=str(error))

    def _describe(self, media_id: str, found: Probe) -> None:
        self.media.describe(
            media_id, kind=found.kind, mime=found.mime, width=found.width, height=found.height,
            duration=found.duration, facts=found.facts,
        )  # fmt: skip

    def _progress_of(self, media_id: str) -> Callable[[float], None]:
        told = [0.0]

        def progressed(percent: float) -> None:
            if time.monotonic() - told[0] >= _PROGRESS_SECONDS:
                told[0] = time.monotonic()
                self._must_go_on(media_id)
                self.media.set_progress(media_id, percent)

        return progressed

    def _room(self, media_id: str) -> Room:
        def told(sentence: str | None) -> None:
            self._must_go_on(media_id)
            self.media.note(media_id, sentence and DiskFull.code, sentence)

        ours = [self.settings.paths.vault] if self.settings.vault.store == "posix" else []
        directories = [*ours, self.scratch.parent]
        return Room(directories, self.settings.processing.free_bytes, told)

    def _must_go_on(self, media_id: str) -> None:
        if self._is_deleted(media_id):
            raise PutAside
        if self.queue.cancelled(media_id):
            raise Refused("Its import was cancelled.", ImportCancelled)

    # --- when it goes wrong ----------------------------------------------------------------------

    def give_up(self, media_id: str, sentence: str) -> None:
        """Refuse what cannot be processed, unless it is complete: another processor may have been faster."""
        media = self.media.find(media_id)
        if media is not None and (media.mount is not None or media.state not in ("completed", "failed")):
            self.refuse(media, ProcessingFailed.code, sentence)

    def refuse(self, media: Media, code: str, sentence: str) -> None:
        """Give the media up, visibly; an imported file goes to quarantine, unharmed, others stay where they are."""
        log.warning("refused", media=media.id, code=code, reason=sentence)
        self.media.fail(media.id, code, sentence)
        self._clear(media.id)
        if media.mount is None and media.stored is None:
            quarantine(self.settings.paths, media.id, self.source_of(media), sentence)

    def _is_deleted(self, media_id: str) -> bool:
        media = self.media.find(media_id)
        return media is None or media.trashed_at is not None

    def _put_aside(self, media_id: str) -> None:
        """As if it had never begun: what comes back from the trash is queued anew."""
        log.info("put_aside", media=media_id)
        self._clear(media_id)
        self.media.begin(media_id)

    def source_of(self, media: Media) -> Path:
        """Where its file lies: in imports/, among the uploads or on its mount."""
        if media.source == "upload":
            paths = self.settings.paths
            return kept_path(paths, media.id, media.stored) if media.stored else pending_path(paths, media.id)
        if media.mount is None:
            return self.settings.paths.imports / os.fsdecode(self.media.import_path(media.id))
        mount = next((mount for mount in self.settings.mounts if mount.name == media.mount), None)
        if mount is None:
            raise Refused(f"The mount {media.mount!r} is not in the settings any more.")
        return mount.path / media.path


def _waits_for(error: Exception) -> tuple[str, str, str] | None:
    """(event, code, sentence) of what is waited for; None for what is wrong with the media or with us."""
    if no_room(error):
        return "no_room", DiskFull.code, "Paused: a disk is full."
    if isinstance(error, StorageUnavailable):
        return "vault_away", StorageUnavailable.code, "Paused: the store of the vault does not answer."
    return None


def _must_be_the_same(source: Path, before: os.stat_result) -> None:
    now = source.stat()
    if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise OSError(f"{source.name} has changed while it was read")


def _must_be_a_file(source: Path) -> None:
    if source.is_symlink():
        raise Refused(NO_PLAIN_FILE)
    if not source.exists():
        raise Refused("The file has gone before it could be processed.")
    if not source.is_file():
        raise Refused(NO_PLAIN_FILE)
    if not os.access(source, os.R_OK):
        raise PermissionError(f"{source.name} cannot be read by the account of the processor")

"""From a file at rest to published media. Reads like a recipe: probe, derive, publish, retire the original."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from control import vault
from control.domain.media import Media, Rendition
from control.domain.playlists import master_playlist
from control.errors import ImportCancelled
from control.settings import Policy, Settings
from control.storage.sql.media import MediaStore
from control.storage.sql.media_keys import MediaKeyStore
from control.storage.sql.queue import QueueStore
from nginx import contract
from processor.steps.images import make_image
from processor.steps.ladder import Ladder
from processor.steps.manifest import verify_manifest, write_manifest
from processor.steps.originals import quarantine, secure
from processor.steps.probe import Probe, probe
from processor.steps.refusal import Refused
from processor.steps.segments import write_durably
from processor.steps.stills import make_stills

log = structlog.get_logger()

_PROGRESS_SECONDS = 1.0


@dataclass(frozen=True)
class Pipeline:
    settings: Settings
    media: MediaStore
    keys: MediaKeyStore
    master: vault.MasterKeys
    queue: QueueStore

    def process(self, media_id: str) -> None:
        """Make everything of one imported media. Runs again from the start after any interruption.

        A file that cannot be used is refused: recorded, put into quarantine, and this returns. Anything else that goes
        wrong is raised, for the queue to try again.
        """
        media, source = self.media.find(media_id), self._source(media_id)
        if media is None:
            return
        if media.state != "completed":  # a job may run twice
            log.info("processing", media=media_id, name=media.name)
            try:
                with self._scratch() as scratch:
                    self._make(media, source, scratch)
            except Refused as refusal:
                self.refuse(media_id, refusal.code, refusal.sentence)
                return
            log.info("completed", media=media_id)
        source.unlink(missing_ok=True)

    def _make(self, media: Media, source: Path, scratch: Path) -> None:
        _must_be_a_file(source)
        found = probe(self.settings, source, media.name, scratch)
        target, media_key = self._fresh_start(media.id)
        self._describe(media.id, found)
        if found.kind == "video":
            self._film(media.id, source, found, media_key, target, scratch)
        elif found.kind == "image":
            self._photo(media.id, source, found, media_key, target, scratch)
        secure(self.settings.paths, media.id, source, media_key, self._policy(found.kind))
        self.media.complete(media.id)

    def _policy(self, kind: str) -> Policy:
        """Audio and documents have no renditions yet: their original is all there is."""
        return "keep" if kind in ("audio", "document") else getattr(self.settings.imports.originals, kind)

    def _film(self, media_id: str, source: Path, found: Probe, media_key: bytes, target: Path, scratch: Path) -> None:
        ladder = Ladder(
            self.settings, source, found, media_key, target, scratch,
            lambda renditions: self._publish(media_id, target, renditions), self._progress_of(media_id),
        )  # fmt: skip
        ladder.copy()
        self.media.set_stills(media_id, make_stills(self.settings, source, found, media_key, target, scratch))
        self._seal_off(media_id, target, ladder.encode())

    def _photo(self, media_id: str, source: Path, found: Probe, media_key: bytes, target: Path, scratch: Path) -> None:
        self._describe(media_id, make_image(self.settings, source, found, media_key, target, scratch))
        self._seal_off(media_id, target, [])
        self.media.set_stills(media_id, ["thumbnail", "still"])

    # --- publishing ------------------------------------------------------------------------------

    def _fresh_start(self, media_id: str) -> tuple[Path, bytes]:
        """Nothing of an earlier try is visible, then nothing of it is left; the new one has a new key."""
        self.media.begin(media_id)
        target = self.settings.paths.vault / contract.vault_directory(media_id)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        media_key = vault.new_media_key()
        self.keys.put(media_id, self.master.wrap(media_id, media_key))
        return target, media_key

    def _publish(self, media_id: str, target: Path, renditions: list[Rendition]) -> None:
        """Some rungs can be played: first the playlist on disk, then the row."""
        write_durably(target / contract.MASTER_PLAYLIST, master_playlist(renditions).encode())
        self.media.set_renditions(media_id, renditions)

    def _seal_off(self, media_id: str, target: Path, renditions: list[Rendition]) -> None:
        """Everything is there: write the manifest, and believe it only after reading all of it back."""
        write_manifest(target, media_id, renditions)
        verify_manifest(target)
        _sync_directory(target)

    def _describe(self, media_id: str, found: Probe) -> None:
        self.media.describe(
            media_id, kind=found.kind, mime=found.mime, width=found.width, height=found.height,
            duration=found.duration, facts=found.facts,
        )  # fmt: skip

    def _progress_of(self, media_id: str):
        told = [0.0]

        def progressed(percent: float) -> None:
            if time.monotonic() - told[0] >= _PROGRESS_SECONDS:
                told[0] = time.monotonic()
                if self.queue.cancelled(media_id):
                    raise Refused("Its import was cancelled.", ImportCancelled)
                self.media.set_progress(media_id, percent)

        return progressed

    # --- when it goes wrong ----------------------------------------------------------------------

    def refuse(self, media_id: str, code: str, sentence: str) -> None:
        """Give the media up, visibly; its file goes to quarantine, unharmed."""
        log.warning("refused", media=media_id, code=code, reason=sentence)
        self.media.fail(media_id, code, sentence)
        shutil.rmtree(self.settings.paths.vault / contract.vault_directory(media_id), ignore_errors=True)
        quarantine(self.settings.paths, media_id, self._source(media_id), sentence)

    def _source(self, media_id: str) -> Path:
        return self.settings.paths.imports / os.fsdecode(self.media.import_path(media_id))

    @contextmanager
    def _scratch(self) -> Iterator[Path]:
        """A directory for the plaintext of one job, RAM-backed where there is room; gone afterwards."""
        parent = self.settings.paths.scratch
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix="job-", dir=parent))
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def remove_old_scratch(settings: Settings) -> None:
    """At the start of a processor: what a killed one left behind is plaintext."""
    for directory in settings.paths.scratch_directories:
        shutil.rmtree(directory, ignore_errors=True)


def _must_be_a_file(source: Path) -> None:
    if source.is_symlink():
        raise Refused("It is a symbolic link; only plain files are imported.")
    if not source.exists():
        raise Refused("The file has gone before it could be processed.")
    if not source.is_file():
        raise Refused("It is no plain file.")
    if not os.access(source, os.R_OK):
        raise PermissionError(f"{source.name} cannot be read by the account of the processor")


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A pipeline without its neighbours: real steps, a real vault, and stores that forget all they are told."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from control import settings, vault
from control.domain.media import Media
from processor.encoders import Encoders
from processor.pipeline import Pipeline
from processor.scratch import Scratch


class Forgetful:
    def __getattr__(self, name: str) -> Callable[..., Any]:
        return lambda *told, **more: None


class Names(Forgetful):
    """The one thing that the pipeline must be told: which file a media is. `playable` hears of the first rung."""

    def __init__(self, playable: Callable[[], None] = lambda: None):
        self._names: dict[str, str] = {}
        self._playable = playable

    def add(self, name: str) -> str:
        media_id = str(uuid.uuid4())
        self._names[media_id] = name
        return media_id

    def find(self, media_id: str) -> Media:
        return Media(media_id, self._names[media_id], "video", "", 0, "import", "pending", datetime.now(UTC))

    def import_path(self, media_id: str) -> bytes:
        return os.fsencode(self._names[media_id])

    def set_renditions(self, media_id: str, renditions: list, tracks: list) -> None:
        if renditions:
            self._playable()

    def fail(self, media_id: str, code: str, sentence: str) -> None:
        raise RuntimeError(f"{self._names[media_id]}: {sentence}")


class WithoutPictures(Pipeline):
    """No thumbnail, preview or subtitles of a film."""

    def _pictures_and_texts(self, media, job, publication) -> None:
        pass


class Library:
    """A DIR that media can be put into, as the processor does it."""

    def __init__(self, data: Path, playable: Callable[[], None] = lambda: None):
        self.settings = settings.load(data)
        for place in ("imports", "vault", "archive", "keys", "work"):
            (data / place).mkdir(exist_ok=True)
        (data / "keys/master.key").write_text(os.urandom(32).hex())
        self._names, forgetful = Names(playable), Forgetful()
        self._pipeline = WithoutPictures(
            self.settings, self._names, forgetful, vault.MasterKeys(data / "keys"), forgetful,
            Scratch(self.settings.paths), Encoders(self.settings), forgetful,
        )  # fmt: skip

    def take(self, source: Path) -> None:
        """All that is made of `source`, which stays where it is."""
        media_id = self._names.add(f"{uuid.uuid4()}{source.suffix}")
        os.link(source, self.settings.paths.imports / os.fsdecode(self._names.import_path(media_id)))
        self._pipeline.process(media_id)

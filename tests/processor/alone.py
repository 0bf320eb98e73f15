"""The whole pipeline over one file, without a database: what it would write there is checked and remembered."""

from __future__ import annotations

import dataclasses
import math
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

from control import vault
from control.domain.media import Media
from control.settings import Settings
from control.settings.paths import DIRECTORIES
from control.storage.objects.posix import Posix
from control.storage.sql.media import MediaStore
from processor.duplicates import Duplicates
from processor.encoders import Encoders
from processor.pipeline import Pipeline
from processor.scratch import Scratch


class Row:
    """In place of MediaStore: one media. It takes the calls of the real one and refuses what Postgres would."""

    def __init__(self, media: Media):
        self.media, self.state, self.sentence = media, "pending", None

    def find(self, media_id: str) -> Media:
        return self.media

    def import_path(self, media_id: str) -> bytes:
        return os.fsencode(self.media.name)

    def complete(self, media_id: str, original: str) -> None:
        self.state = "completed"

    def fail(self, media_id: str, code: str, sentence: str) -> None:
        must_be_storable(sentence)
        self.state, self.sentence = "failed", sentence

    def __getattr__(self, name: str):
        getattr(MediaStore, name)
        return lambda *values, **named: must_be_storable([values, named])


class Keys:
    def put(self, media_id: str, key) -> None:
        pass


class Calm:
    """In place of QueueStore: nobody cancels anything."""

    def cancelled(self, media_id: str) -> bool:
        return False


def must_be_storable(value) -> None:
    """Postgres's text holds no NUL, its JSON neither NaN nor half a character, its integer 31 bits."""
    if dataclasses.is_dataclass(value):
        value = dataclasses.asdict(value)
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, str):
        assert "\0" not in value and len(value.encode()) < 1000
    elif isinstance(value, int | float):
        assert math.isfinite(value) and abs(value) < 2**31
    elif isinstance(value, list | tuple):
        assert len(value) < 1000
        for part in value:
            must_be_storable(part)


class Alone:
    """A data directory with nothing in it but what the pipeline makes of one file."""

    def __init__(self, settings: Settings, data: Path):
        self.settings = settings.model_copy(update={"data": data})
        for name in DIRECTORIES:
            (data / name).mkdir(parents=True)
        (data / "keys/master.key").write_text("ab" * 32)
        self.scratch = Scratch(self.settings.paths)

    def process(self, source: Path, mount: str | None = None) -> Row:
        """Run the pipeline over `source`, which lies in imports/ or on `mount`. Raises what the queue would see."""
        media = Media(str(uuid.uuid4()), source.name, "video", "", source.stat().st_size, "mount" if mount else "import",
                      "pending", datetime.now(UTC), mount=mount, path=source.name)  # fmt: skip
        row, keys, master = Row(media), Keys(), vault.MasterKeys(self.settings.paths.keys)
        objects = Posix(self.settings.paths.vault)
        duplicates = Duplicates(self.settings, objects, row, keys, master)
        encoders = Encoders(self.settings)
        Pipeline(self.settings, objects, row, keys, master, Calm(), self.scratch, encoders, duplicates).process(media.id)
        return row

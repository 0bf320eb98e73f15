"""A store that is away is waited for, and what was begun is begun again: no film is lost to it."""

from __future__ import annotations

from control.errors import StorageUnavailable
from control.storage.objects.posix import Posix
from processor import pipeline
from tests.processor.alone import Alone


def test_an_import_waits_while_the_vault_is_away(settings, make, tmp_path, monkeypatch):
    photo = make("photo.png", "-f", "lavfi", "-i", "testsrc=size=64x64", "-frames:v", "1")
    alone, put, tries = Alone(settings, tmp_path / "alone"), Posix.put, []

    def away_at_first(objects, name, content):
        tries.append(name)
        if len(tries) == 2:
            raise StorageUnavailable()
        put(objects, name, content)

    monkeypatch.setattr(Posix, "put", away_at_first)
    monkeypatch.setattr(pipeline, "_AGAIN_SECONDS", 0)
    source = alone.settings.paths.imports / "photo.png"
    source.write_bytes(photo.read_bytes())
    row = alone.process(source)
    assert row.state == "completed" and len(tries) == 2 + 4 and not source.exists()
    assert len(list(alone.settings.paths.vault.glob("*/*/*"))) == 4

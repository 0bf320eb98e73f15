"""The virus scanner: what it refuses goes to quarantine, and what it has not looked at is not let in."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from control.domain.uploads import Upload
from control.errors import ScanFailed, ScanRefused
from control.services.arrivals import Arrivals
from control.settings.paths import Paths
from control.settings.sections import Uploads as Rules
from control.storage.spool import Spool

CONTENT = b"a text file, as far as anybody can tell\n"


class Store:
    """The rows of one upload, in memory."""

    def __init__(self, upload: Upload):
        self.upload, self.state, self.why = upload, "receiving", ""

    def enter(self, upload, writer, seconds, finishing):
        return True

    def stay(self, upload, writer, seconds, percent):
        return True

    def leave(self, upload, writer, lease_hours, back):
        self.why = self.why or "left"

    def complete(self, upload, kind, sha256, crc32):
        self.state = "completed"

    def refuse(self, upload, code, sentence):
        self.state, self.why = "refused", code

    def find(self, upload):
        return replace(self.upload, state=self.state, error_code=self.why, error="refused")


class Nobody:
    def record(self, *_, **__):
        pass


@pytest.fixture
def upload() -> Upload:
    now = datetime.now(UTC)
    return Upload(
        uuid.uuid4().hex, str(uuid.uuid4()), "ann", "parts", "whole", "note.txt", "", len(CONTENT), len(CONTENT), None,
        False, "private", "receiving", 0, None, None, str(uuid.uuid4()), now, now,
    )  # fmt: skip


@pytest.fixture
def arrive(tmp_path, upload):
    """Finish the upload with this scanner; returns its store."""
    paths = Paths(tmp_path)
    for directory in ("spool", "files", "quarantine"):
        (tmp_path / directory).mkdir()
    spool, store = Spool(paths.spool), Store(upload)
    spool.make(upload.id)
    (paths.spool / upload.id / "part-000001").write_bytes(CONTENT)

    def run(*command: str, seconds: float = 60) -> Store:
        rules = Rules(scan_command=list(command), scan_seconds=seconds)
        work = lambda function, *arguments, beat=None: function(*arguments)  # noqa: E731
        Arrivals(store, spool, paths, rules, Nobody(), work).finish(upload)
        return store

    run.store, run.paths = store, paths
    return run


def test_a_clean_file_arrives(arrive, upload):
    assert arrive("true").state == "completed"
    assert (arrive.paths.files / upload.stored).read_bytes() == CONTENT
    assert not (arrive.paths.spool / upload.id).exists()


def test_a_refused_file_goes_to_quarantine_with_its_reason(arrive, upload):
    with pytest.raises(ScanRefused):
        arrive("sh", "-c", 'echo "$0: Eicar-Test FOUND"; exit 1')
    place = arrive.paths.quarantine / upload.media_id
    assert (place / "file").read_bytes() == CONTENT
    assert "note.txt: Eicar-Test FOUND" in (place / "reason.txt").read_text()
    assert arrive.store.state == "refused" and not (arrive.paths.spool / upload.id).exists()
    assert not (arrive.paths.files / upload.stored).exists()


@pytest.mark.parametrize("command", [("sh", "-c", "exit 2"), ("no-such-scanner",), ("sh", "-c", "sleep 30")])
def test_without_an_answer_nothing_is_let_in_and_nothing_lost(arrive, upload, command):
    with pytest.raises(ScanFailed):
        arrive(*command, seconds=0.5)
    assert arrive.store.state == "receiving" and not (arrive.paths.files / upload.stored).exists()
    assert (arrive.paths.spool / upload.id / "data").read_bytes() == CONTENT
    assert arrive("true").state == "completed"  # asked again, once the scanner is there

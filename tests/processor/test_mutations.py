"""Damaged files of every kind (zzuf turns bits over) stop nothing and leave nothing behind (threats P03, P04, P10).

Each goes through the whole pipeline. It is made, or refused with a sentence for a person, or its decoder fails and the
queue would try again; nothing else may happen, and not for long.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from control.settings.sections import Mount, Rung
from processor.sandbox import ChildFailed
from tests.processor.alone import Alone, Row
from tests.processor.samples import MAKERS, sample

KINDS = list(MAKERS)
RATIOS = (0.0001, 0.0005, 0.002, 0.008, 0.02)  # of all bits
ROUNDS = 12  # of every kind, which makes 300 and more
MOST_SECONDS = 300
SUBREAPER = 36  # prctl(2) PR_SET_CHILD_SUBREAPER

SMALL = {
    "video.preset": "ultrafast",
    "video.ladder": [Rung(name="120p", height=120, bitrate="200k")],
    "processing.child_seconds": 60,
    "processing.memory_bytes": 1 << 30,
    "processing.free_bytes": 1 << 20,
}


@pytest.fixture(scope="module")
def small(settings):
    """Limits within which a small file ends soon, whatever it is."""
    for name, value in SMALL.items():
        section, field = name.split(".")
        settings = settings.model_copy(update={section: getattr(settings, section).model_copy(update={field: value})})
    return settings


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """whole(kind) -> a file without damage."""
    return functools.cache(lambda kind: sample(kind, tmp_path_factory.mktemp("whole")))


@pytest.fixture(scope="module", autouse=True)
def orphans_are_ours():
    """A decoder whose parent has died would become a child of ours, and be seen."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    yield
    ctypes.CDLL(None).prctl(SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def place(tmp_path, monkeypatch, small):
    """A data directory; files that a careless step leaves elsewhere would lie beside it."""
    for name in ("here", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    place = Alone(small, tmp_path / "data")
    yield place
    shutil.rmtree(place.settings.paths.scratch)


def mutated(path: Path, ratio: float, seed: int) -> bytes:
    """The bytes of a file with some bits turned over. Its signature stays, and in every other one the first quarter, so
    that a decoder gets to see it."""
    first = path.stat().st_size // 4 if seed % 2 else 12
    command = ["zzuf", "-s", str(seed), "-r", str(ratio), "-b", f"{first}-"]
    with path.open("rb") as whole:
        return subprocess.run(command, stdin=whole, capture_output=True, check=True).stdout


def mutations(rounds: range) -> list:
    """(kind, ratio, seed): every kind once a round, each time with another ratio."""
    return [
        pytest.param(kind, RATIOS[(number + at) % len(RATIOS)], number, id=f"{kind}-{number}")
        for number in rounds
        for at, kind in enumerate(KINDS)
    ]


# One for each decoder and container that does it in a way of its own; each is made whole below, and damaged in the long form.
TELLING = ("mp4", "mkv", "avi", "ogv", "mp3", "flac", "jpg", "gif", "heic", "pdf", "docx", "srt")


@pytest.mark.parametrize(("kind", "ratio", "seed"), [one for one in mutations(range(1)) if one.values[0] in TELLING])
def test_a_damaged_file_stops_nothing(place, whole, kind, ratio, seed):
    survive(place, whole, kind, ratio, seed)


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "ratio", "seed"), mutations(range(ROUNDS)))
def test_three_hundred_damaged_files_stop_nothing(place, whole, kind, ratio, seed):
    survive(place, whole, kind, ratio, seed)


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_file_is_made(place, whole, kind):
    """Without this the tests above could pass because everything is refused."""
    path, mount = lay(place, whole, kind, whole(kind).read_bytes())
    assert place.process(path, mount).state == "completed"


# --- one file -------------------------------------------------------------------------------------


def survive(place: Alone, whole, kind: str, ratio: float, seed: int) -> None:
    content = mutated(whole(kind), ratio, seed)
    path, mount = lay(place, whole, kind, content)
    started, row = time.monotonic(), None
    try:
        row = place.process(path, mount)
        print(kind, seed, row.state, row.sentence or "")
    except ChildFailed as error:
        print(kind, seed, type(error).__name__, str(error)[-200:])
    assert time.monotonic() - started < MOST_SECONDS
    nothing_runs()
    nothing_is_lost(place, path, content, row)
    nothing_lies_about(place)


def lay(place: Alone, whole, kind: str, content: bytes) -> tuple[Path, str | None]:
    """Put the file where it is processed; subtitles lie beside a film on a mount. (the film or the file, mount)"""
    if kind != "srt":
        path = place.settings.paths.imports / f"file.{kind}"
        path.write_bytes(content)
        return path, None
    shelf = place.settings.data.parent / "shelf"
    shelf.mkdir()
    place.settings = place.settings.model_copy(update={"mounts": [Mount(name="shelf", path=shelf)]})
    (shelf / "film.en.srt").write_bytes(content)
    return Path(shutil.copy(whole("mp4"), shelf / "film.mp4")), "shelf"


def nothing_runs() -> None:
    """No child is left, nor a child of a child; a killed one takes a moment to be gone."""
    deadline = time.monotonic() + 60
    while left := [pid for pid in children() if alive(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def children() -> list[str]:
    lists = Path("/proc/self/task").glob("*/children")
    return [pid for path in lists for pid in path.read_text().split()]


def alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def nothing_is_lost(place: Alone, path: Path, content: bytes, row: Row | None) -> None:
    """A refused file is in quarantine as it came, beside its reason; one that will be tried again has not moved."""
    quarantine = list(place.settings.paths.quarantine.iterdir())
    if row is None or row.media.mount:
        assert path.exists() and not quarantine
        assert row is not None or path.read_bytes() == content
    elif row.state == "failed":
        assert (quarantine[0] / "file").read_bytes() == content and not path.exists()
        a_person_can_read(row.sentence, place)
    else:
        assert row.state == "completed" and not quarantine and not path.exists()


def a_person_can_read(sentence: str, place: Alone) -> None:
    """One line that ends like a sentence and names nothing of this machine."""
    assert re.fullmatch(r"[A-Z].{8,350}\.", sentence) and sentence.isprintable(), repr(sentence)
    assert not re.search(r"/in/input|/scratch|Traceback|0x[0-9a-f]{6}", sentence), sentence
    assert str(place.settings.data) not in sentence


def nothing_lies_about(place: Alone) -> None:
    """No plaintext in RAM, no file where none belongs."""
    assert os.listdir(place.scratch.parent) == ["lock"]
    beside = place.settings.data.parent
    assert not os.listdir(beside / "here") and not os.listdir(beside / "temporary")
    allowed = r"(vault|files/originals)/../|archive/|quarantine/|imports/file\.|keys/master\.key"
    made = [str(path.relative_to(place.settings.data)) for path in place.settings.data.rglob("*") if path.is_file()]
    assert not [path for path in made if not re.match(allowed, path)]
    assert not [path for path in made if path.endswith(".part")]

"""The misbehaving drive of the other tests behaves, and misbehaves, as it says."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuse_stub import Fuse, fuse, mounted_devices, usable

pytestmark = pytest.mark.skipif(not usable(), reason="needs root and /dev/fuse")

LIMIT = 60
PAUSE = 0.5
BIG = 3 * 1024 * 1024

# Prints what it found, or the number of the error.
LOOK = """
import hashlib, os, sys
from pathlib import Path
what, path = sys.argv[1], Path(sys.argv[2])
looks = {
    "list": lambda: sorted(os.listdir(path)),
    "tree": lambda: sorted(os.path.relpath(os.path.join(d, f), path) for d, _, fs in os.walk(path) for f in fs),
    "read": lambda: hashlib.sha256(path.read_bytes()).hexdigest(),
    "begin": lambda: len(path.open("rb", buffering=0).read(4096)),
    "stat": lambda: (lambda s: (s.st_size, s.st_mtime_ns, s.st_mode))(path.stat()),
    "write": lambda: path.write_bytes(b"x"),
}
try:
    print(looks[what]())
except OSError as problem:
    print("errno", problem.errno)
"""


def start(what: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", LOOK, what, str(path)], stdout=subprocess.PIPE, text=True)


def look(what: str, path: Path) -> str:
    return start(what, path).communicate(timeout=LIMIT)[0].strip()


def failure(number: int) -> str:
    return f"errno {number}"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def waits(process: subprocess.Popen[str]) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PAUSE)
    return process.returncode is None


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "big.bin").write_bytes(os.urandom(BIG))
    (root / "sub" / "small name ä.txt").write_text("small")
    (root / "sub" / "deep" / "none").touch()
    return root


@pytest.fixture
def drive(tmp_path: Path, source: Path) -> Iterator[Fuse]:
    (tmp_path / "drive").mkdir()
    with fuse(source, tmp_path / "drive") as mounted:
        yield mounted
    assert mounted.process.poll() is not None and not mounted_devices(mounted.mount_point)


def test_what_is_read_equals_the_source(drive, source):
    assert look("tree", drive.mount_point) == look("tree", source)
    for name in ("big.bin", "sub/small name ä.txt", "sub/deep/none"):
        assert look("read", drive.mount_point / name) == digest(source / name)
        assert look("stat", drive.mount_point / name) == look("stat", source / name)
    assert look("read", drive.mount_point / "missing") == failure(errno.ENOENT)
    assert look("write", drive.mount_point / "big.bin") == failure(errno.EROFS)


def test_a_long_directory_is_listed_whole(drive, source):
    for number in range(2000):
        (source / "sub" / f"{number:04}-{'x' * 100}").touch()
    assert look("list", drive.mount_point / "sub") == look("list", source / "sub")


def test_a_change_of_the_source_is_seen(drive, source):
    assert look("read", drive.mount_point / "big.bin") == digest(source / "big.bin")
    (source / "new").write_text("other")
    (source / "new").replace(source / "big.bin")
    assert look("read", drive.mount_point / "big.bin") == digest(source / "big.bin")


@pytest.mark.parametrize("what", ["list", "read", "stat"])
def test_who_asks_a_hanging_drive_waits_until_it_is_well_again(drive, source, what):
    drive.set("hang")
    name = "." if what == "list" else "big.bin"
    waiting = [start(what, drive.mount_point / name) for _ in range(20)]
    assert waits(waiting[0]) and all(process.poll() is None for process in waiting)
    drive.set("ok")
    assert {process.communicate(timeout=LIMIT)[0].strip() for process in waiting} == {look(what, source / name)}


def test_who_hangs_gets_the_answer_of_the_next_mode(drive):
    drive.set("hang")
    waiting = start("list", drive.mount_point)
    assert waits(waiting)
    drive.set("eio")
    assert waiting.communicate(timeout=LIMIT)[0].strip() == failure(errno.EIO)


def test_a_failing_drive_lists_and_reads_nothing_until_it_is_well_again(drive, source):
    drive.set("eio")
    assert look("list", drive.mount_point) == look("read", drive.mount_point / "big.bin") == failure(errno.EIO)
    assert look("stat", drive.mount_point / "big.bin") == look("stat", source / "big.bin")
    drive.set("ok")
    assert look("read", drive.mount_point / "big.bin") == digest(source / "big.bin")


def test_a_file_fails_after_some_bytes(drive, source):
    drive.set(f"eio-after {BIG // 2}")
    assert look("begin", drive.mount_point / "big.bin") == "4096"
    assert look("read", drive.mount_point / "big.bin") == failure(errno.EIO)
    small = "sub/small name ä.txt"
    assert look("read", drive.mount_point / small) == digest(source / small)


def test_an_empty_drive_has_nothing(drive):
    drive.set("empty")
    assert look("list", drive.mount_point) == "[]"
    assert look("stat", drive.mount_point / "big.bin") == failure(errno.ENOENT)


def test_a_killed_drive_is_not_connected(drive):
    drive.kill()
    assert look("list", drive.mount_point) == failure(errno.ENOTCONN)
    assert look("read", drive.mount_point / "big.bin") == failure(errno.ENOTCONN)


def test_a_drive_that_was_taken_out_leaves_the_bare_directory(drive):
    drive.terminate()
    assert look("list", drive.mount_point) == "[]" and not mounted_devices(drive.mount_point)


@pytest.mark.parametrize("end", [Fuse.kill, Fuse.terminate, lambda drive: None], ids=["kill", "terminate", "leave"])
def test_nobody_is_left_waiting_when_a_hanging_drive_ends(tmp_path, source, end):
    (tmp_path / "drive").mkdir()
    with fuse(source, tmp_path / "drive") as drive:
        drive.set("hang")
        waiting = start("read", drive.mount_point / "big.bin")
        assert waits(waiting)
        end(drive)
    assert waiting.communicate(timeout=LIMIT)[0] and not mounted_devices(drive.mount_point)


def test_a_mode_that_is_none_is_refused(drive):
    with pytest.raises(ValueError, match="hangs"):
        drive.set("hangs")

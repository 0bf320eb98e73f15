"""The layout of an archive against the programs that people open one with."""

from __future__ import annotations

import io
import random
import shutil
import subprocess
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.domain.archives import Layout, Member, Slice

MTIME = 1_700_000_001


def member(name: str, content: bytes, mtime: int = MTIME) -> Member:
    return Member(name, len(content), zlib.crc32(content), mtime * 10**9)


def whole(layout: Layout, contents: list[bytes], start: int = 0, stop: int | None = None) -> bytes:
    return b"".join(
        contents[part.number][part.start : part.stop] if isinstance(part, Slice) else part
        for part in layout.parts(start, stop)
    )


def made(contents: dict[str, bytes]) -> tuple[Layout, bytes]:
    layout = Layout([member(name, content) for name, content in contents.items()])
    return layout, whole(layout, list(contents.values()))


NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/\\"), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=8), st.data())
def test_python_reads_it_and_every_range_is_a_part_of_it(contents, data):
    layout, archive = made(contents)
    assert len(archive) == layout.length
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        assert {one.orig_filename: opened.read(one) for one in opened.infolist()} == contents
        assert all(one.compress_type == zipfile.ZIP_STORED and one.flag_bits == 0x800 for one in opened.infolist())
    start = data.draw(st.integers(0, len(archive)))
    stop = data.draw(st.integers(start, len(archive)))
    assert whole(layout, list(contents.values()), start, stop) == archive[start:stop]


def test_the_length_is_known_without_any_content_and_the_tag_stands_for_the_bytes():
    one, other = member("a", b"x" * 10), member("a", b"y" * 10)
    assert Layout([one]).etag == Layout([one]).etag != Layout([other]).etag
    assert Layout([one]).etag != Layout([member("b", b"x" * 10)]).etag != Layout([member("b", b"x" * 10, 5)]).etag
    assert Layout([one]).length == Layout([other]).length


@pytest.mark.parametrize("size", [2**32 - 2, 2**32 - 1, 2**32, 5 << 30])
def test_U05_a_large_member_and_what_lies_behind_it(size, tmp_path):
    """A file of zeros with a hole in it; ZIP64 only where the 32 bits do not do."""
    target, small = tmp_path / "large.zip", b"behind it"
    layout = write_large(target, size, 1, small)
    assert target.stat().st_size == layout.length
    with zipfile.ZipFile(target) as opened:
        assert [(one.file_size, one.CRC) for one in opened.infolist()] == [(size, 1), (9, zlib.crc32(small))]
        assert opened.read("small.txt") == small
        assert (opened.infolist()[0].extract_version == 45) == (size >= 2**32 - 1)
    listed = subprocess.run(["7z", "l", target], capture_output=True, text=True, check=True).stdout
    assert str(size) in listed and "small.txt" in listed


@pytest.mark.soak
def test_U05_programs_read_a_member_of_5_GiB_to_its_end(tmp_path):
    crc, size = 0, 5 << 30
    for _ in range(80):
        crc = zlib.crc32(bytes(64 << 20), crc)
    write_large(tmp_path / "large.zip", size, crc, b"behind it")
    for command in (["unzip", "-tqq"], ["7z", "t"], ["bsdtar", "-tvf"]):
        subprocess.run([*command, tmp_path / "large.zip"], check=True, stdout=subprocess.DEVNULL)


def write_large(target: Path, size: int, crc: int, small: bytes) -> Layout:
    """An archive of zeros, which take no room, and of a small file."""
    layout = Layout([Member("large.bin", size, crc, MTIME * 10**9), member("small.txt", small)])
    with target.open("wb") as file:
        for part in layout.parts():
            if isinstance(part, Slice) and part.number == 0:
                file.seek(part.stop - part.start, io.SEEK_CUR)
            else:
                file.write(small if isinstance(part, Slice) else part)
    return layout


@pytest.mark.parametrize("count", [65_534, 65_535, pytest.param(70_000, marks=pytest.mark.soak)])
def test_U05_very_many_members(count, tmp_path):
    contents = [b"%d" % n for n in range(count)]
    layout = Layout([member(f"folder {n % 7}/file {n}.txt", content) for n, content in enumerate(contents)])
    archive = whole(layout, contents)
    assert len(archive) == layout.length
    assert (b"PK\6\6" in archive[-200:]) == (count >= 65_535)
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert len(opened.infolist()) == count
        for n in range(0, count, 500):
            assert opened.read(f"folder {n % 7}/file {n}.txt") == b"%d" % n
    for at in random.Random(5).sample(range(layout.length - 100), 50):  # noqa: S311
        assert whole(layout, contents, at, at + 100) == archive[at : at + 100]


def every_program_reads(archive: bytes, tmp_path: Path) -> None:
    """Every program says that it is whole, without a warning."""
    file = tmp_path / "tested.zip"
    file.write_bytes(archive)
    for command in (["unzip", "-tqq"], ["7z", "t"], ["bsdtar", "-tf"]):
        done = subprocess.run([*command, file], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "arning" not in done.stdout + done.stderr, (command, done.stdout, done.stderr)


def test_unzip_7z_and_bsdtar_read_it(tmp_path):
    _, archive = made({"a.txt": b"a" * 1000, "Trips/2026/é ☃.jpg": b"\xff\xd8" * 999, "empty": b"", "-i.mp4": b"<!--"})
    every_program_reads(archive, tmp_path)
    target = tmp_path / "out"
    subprocess.run(["bsdtar", "-xf", tmp_path / "tested.zip", "-C", shutil.os.makedirs(target) or target], check=True)
    assert (target / "Trips/2026/é ☃.jpg").read_bytes() == b"\xff\xd8" * 999
    assert (target / "a.txt").stat().st_mtime == MTIME
    assert (target / "a.txt").stat().st_mode & 0o777 == 0o644


def test_an_empty_archive_is_one_too(tmp_path):
    layout, archive = made({})
    assert layout.length == len(archive) == 22
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == []

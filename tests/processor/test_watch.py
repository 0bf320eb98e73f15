"""The watch folder takes whole files once, and nothing else (threat U13)."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
from watchdog.observers import Observer

from processor.watch import Watch, open_for_writing


class FakeStore:
    """register_import's promise: None for a file that was taken up before."""

    def __init__(self):
        self.seen, self.failed = set(), []

    def register_import(self, path, status, name, kind):
        key = (path, status.st_ino, status.st_size, status.st_mtime_ns)
        if key in self.seen:
            return None
        self.seen.add(key)
        return f"media-{len(self.seen)}"

    def fail(self, media, code, reason):
        self.failed.append((media, code, reason))


@pytest.fixture
def world(settings, tmp_path):
    class World:
        pass

    world = World()
    quick = settings.imports.model_copy(update={"settle_seconds": 0.3, "sweep_seconds": 0.5})
    world.settings = settings.model_copy(update={"imports": quick, "data": tmp_path})
    world.root = world.settings.paths.imports
    world.root.mkdir()
    world.store, world.queued = FakeStore(), []

    async def queue(media, kind):
        world.queued.append((media, kind))

    world.films, world.texts = set(), []  # what subtitles may belong to, and those that were taken up

    def texts(name):
        if name.split(b".")[0] in world.films:
            world.texts.append(name)
        return name.split(b".")[0] in world.films

    world.watch = Watch(world.settings, world.store, queue, texts)
    observer = Observer()
    observer.schedule(world.watch.events, str(world.root), recursive=True)
    observer.start()
    yield world
    observer.stop()
    observer.join()


def sweep(world, seconds=1.0):
    """For so long at least, which is more than a file has to rest."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        asyncio.run(world.watch.sweep())
        time.sleep(0.05)


def sweep_until(world, condition):
    """However long it takes, and then a little longer: nothing more may be taken up."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, taken(world)
        asyncio.run(world.watch.sweep())
        time.sleep(0.05)
    sweep(world, 0.6)


def taken(world):
    return sorted(os.fsdecode(path) for path, *_ in world.store.seen)


def test_a_whole_file_is_taken_up_once(world):
    (world.root / "film.mp4").write_bytes(b"x" * 100)
    sweep_until(world, lambda: taken(world))
    assert taken(world) == ["film.mp4"] and world.queued == [("media-1", "video")]


def test_a_file_moved_in_from_elsewhere_is_taken_up(world, tmp_path):
    (tmp_path / "outside.jpg").write_bytes(b"x")
    os.rename(tmp_path / "outside.jpg", world.root / "inside.jpg")
    sweep_until(world, lambda: taken(world))
    assert world.queued == [("media-1", "image")]


def test_U13_a_file_that_is_being_written_is_left_alone_however_long_the_pause(world):
    with (world.root / "slow.mp4").open("wb") as writer:
        writer.write(b"first half")
        writer.flush()
        sweep(world, 1.5)
        assert not taken(world)
        writer.write(b"second half")
    sweep_until(world, lambda: taken(world))
    assert taken(world) == ["slow.mp4"]
    assert {size for _, _, size, _ in world.store.seen} == {len(b"first halfsecond half")}


def test_U13_a_download_is_taken_when_it_gets_its_name(world):
    (world.root / "film.mp4.part").write_bytes(b"x")
    (world.root / ".film.mkv.Xy12").write_bytes(b"x")
    sweep(world)
    assert not taken(world)
    os.rename(world.root / "film.mp4.part", world.root / "film.mp4")
    sweep_until(world, lambda: taken(world))
    assert taken(world) == ["film.mp4"]


def test_U13_a_file_that_was_replaced_is_a_new_one(world):
    (world.root / "film.mp4").write_bytes(b"one")
    sweep_until(world, lambda: taken(world))
    (world.root / "film.mp4").write_bytes(b"another")
    sweep_until(world, lambda: len(world.store.seen) > 1)
    assert len(world.store.seen) == 2


def test_links_and_fifos_are_shown_as_refused_and_not_followed(world, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (world.root / "link.mp4").symlink_to(tmp_path / "secret")
    (world.root / "folder").symlink_to(tmp_path)
    os.mkfifo(world.root / "fifo.mp4")
    sweep_until(world, lambda: len(world.store.failed) >= 3)
    assert taken(world) == ["fifo.mp4", "folder", "link.mp4"] and not world.queued
    assert len(world.store.failed) == 3 and all("only plain files" in reason for _, _, reason in world.store.failed)


def test_subtitles_wait_for_their_film_and_are_no_media(world):
    (world.root / "film.en.srt").write_bytes(b"1\n00:00:01,000 --> 00:00:02,000\nHello\n")
    sweep(world, 1)
    assert not taken(world) and not world.texts
    world.films.add(b"film")
    sweep_until(world, lambda: world.texts)
    assert world.texts == [b"film.en.srt"] and not taken(world)


def test_a_text_that_nobody_can_read_stops_nothing(world):
    def broken(name: bytes) -> bool:
        raise ValueError("nonsense")

    world.watch._texts = broken
    (world.root / "film.en.srt").write_bytes(b"nonsense")
    (world.root / "other.mp4").write_bytes(b"x")
    sweep_until(world, lambda: taken(world))
    assert taken(world) == ["other.mp4"]


def test_sub_folders_and_names_of_any_bytes_are_data(world):
    folder = world.root / "holiday"
    folder.mkdir()
    for name in (b"\xff\xfe.mp4", b"new\nline.mp4", "é.jpg".encode(), b"-i.mp4"):
        with open(os.fsencode(folder) + b"/" + name, "wb") as file:
            file.write(b"x")
    sweep_until(world, lambda: len(taken(world)) >= 4)
    assert len(taken(world)) == 4 and all(name.startswith("holiday/") for name in taken(world))


def test_a_writer_is_seen_by_its_lease(tmp_path):
    path = tmp_path / "file"
    with path.open("wb"):
        assert open_for_writing(os.fsencode(path))
    assert not open_for_writing(os.fsencode(path))

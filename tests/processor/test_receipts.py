"""Every line once: across kills, renaming, copying, cutting off, and half-written lines; against a real Postgres."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from control.domain.receipts import Position
from control.storage import access_log
from control.storage.log_rotation import REST_SECONDS, Rotation
from control.storage.sql.lately import LatelyStore
from control.storage.sql.receipts import ReceiptStore
from processor.receipts import Tail
from tests.log_lines import MEDIA, delivery, segment
from tests.recount import PERIOD, SEGMENT, Recount, astray, sums

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 240
FILM_SECONDS = 1000 * SEGMENT
PLAYERS = 5  # that take turns of ten lines, in each of which they watch seven segments


class Film:
    """What the lines of a run are about: a film, somebody who has signed in, and some who have not."""

    def __init__(self, database, run: str, lines: int):
        self.id, self.grants = str(uuid.uuid4()), [f"{run}{number:016x}" for number in range(PLAYERS)]
        self._step = timedelta(seconds=7 * SEGMENT / (PLAYERS * 10))
        self._began = datetime.now(UTC) - lines * self._step
        user = "INSERT INTO users (username, password_hash) VALUES (%s, '') RETURNING id::text"
        self.user = database.one(user, [run])["id"]
        database.run(
            """INSERT INTO media (id, name, kind, size_bytes, source, duration)
               VALUES (%s, 'a', 'video', 1, 'import', %s)""", [self.id, FILM_SECONDS])  # fmt: skip

    def line(self, request: str, number: int, ticket: str) -> bytes:
        """Of each ten, the first counts for a ticket: a thousand bytes of one file, each its own."""
        turn, part = divmod(number, 10)
        time = {"time": (self._began + number * self._step).isoformat(timespec="seconds")}
        whole = {"uri": f"/api/media/{self.id}/original", "place": f"originals/{self.id}/original"}
        if part == 0:
            sent = f"bytes {number * 100}-{number * 100 + 999}/{10**10}"
            return delivery(request, ticket=ticket, status=206, bytes=1000, sent=sent, **whole, **time)
        if part == 1:
            return delivery(request, verdict=self.user, **whole, **time)
        shown = (turn // PLAYERS * 7 + part - 3) % 1000
        played = {"grant": self.grants[turn % PLAYERS], "media": self.id, **time}
        if part == 2:
            key = f"/hls/k1/-/1790000000/{played['grant']}/{self.id}/720p/key/{(shown + 8) % 1000 * SEGMENT // PERIOD}"
            return delivery(request, uri=key, place="", **played)
        return segment(request, file=f"720p/seg_{shown:05d}.ts", **played)


class Nginx:
    """Writes a log as its workers do: whole buffers, whose last line may be half there for a moment."""

    def __init__(self, directory: Path, run: str, film: Film):
        self._path, self._run, self._film, self._rotated = directory / "access.log", run, film, 0
        self.lines = 0
        self.reopen()

    def reopen(self) -> None:
        """USR1."""
        self._log = self._path.open("ab", buffering=0)

    def write(self, count: int) -> None:
        text = b"".join(map(self._line, range(self.lines, self.lines + count)))
        half = random.randrange(len(text))
        self._log.write(text[:half])
        time.sleep(random.random() / 500)
        self._log.write(text[half:])
        self.lines += count

    def _line(self, number: int) -> bytes:
        return self._film.line(f"{self._run}{number:016x}", number, self._run)

    def rename(self, pause: float = 0) -> None:
        """Rotated; the workers write on into the old file until they reopen."""
        self._path.rename(self._next_name())
        self.write(random.randrange(1, 200))
        time.sleep(pause)
        self.reopen()

    def copy_and_cut_off(self) -> None:
        """`copytruncate`, while nothing is written (what is written meanwhile, that way of rotating loses itself)."""
        shutil.copyfile(self._path, self._next_name())
        os.truncate(self._path, 0)

    def _next_name(self) -> Path:
        self._rotated += 1
        return self._path.with_name(f"access.log.{self._rotated}")


@contextlib.contextmanager
def reader(url: str, source: str, directory: Path, most: int):
    """A reader that dies in one of its next `most` transactions, at each of their stages in turn.

    Yields a function that replaces a dead one, or kills it at any moment, and answers how many have died.
    """

    def start(deaths: int) -> subprocess.Popen:
        command = [sys.executable, "-m", "tests.processor.tailing", url, source, directory]
        return subprocess.Popen([*command, str(deaths % 3), str(random.randint(1, most))], cwd=ROOT)

    process, deaths = start(0), 0

    def look_after(kill: bool = False) -> int:
        nonlocal process, deaths
        if kill:
            process.kill()
            process.wait()
        if process.poll() is not None:
            assert process.returncode == -signal.SIGKILL
            deaths += 1
            process = start(deaths)
        return deaths

    try:
        yield look_after
    finally:
        process.kill()
        process.wait()


def counted(url: str, run: str) -> tuple[int, int]:
    """(rows, different requests) of a run; asked without the pool's patience."""
    asked = "SELECT count(*), count(DISTINCT request) FROM receipts WHERE request LIKE %s"
    with psycopg.connect(url) as connection:
        return connection.execute(asked, [run + "%"]).fetchone()


def recounted(url: str, media: str) -> Recount:
    """One receipt after the other, as they were written: by transactions, and each of these by the number of lines."""
    count = Recount(FILM_SECONDS)
    asked = "SELECT * FROM receipts WHERE media_id = %s ORDER BY xmin::text::bigint, request"
    with psycopg.connect(url, row_factory=dict_row) as connection:
        for row in connection.execute(asked, [media]):
            user = str(row["user_id"]) if row["user_id"] else None
            count.take(row | {"media_id": str(row["media_id"]), "user_id": user})
    return count


def read(store: ReceiptStore, run: str) -> int:
    """How many lines have been read, as the positions have it."""
    return sum(position.lines for position in store.positions(run))


def torment(database, url: str, directory: Path, lines: int, kills: int, rotations: int, most: int) -> None:
    run, store, deadline = secrets.token_hex(8), ReceiptStore(database), time.monotonic() + WAIT_SECONDS + lines / 1000
    film = Film(database, run, lines)
    nginx, killed = Nginx(directory, run, film), 0
    ways = itertools.cycle([nginx.copy_and_cut_off, nginx.rename, lambda: nginx.rename(0.3)])
    marks = sorted(random.sample(range(lines // 20, lines), rotations))

    def catch_up(lag: int) -> None:
        while nginx.lines - read(store, run) > lag:
            deaths = look_after()
            assert time.monotonic() < deadline, f"{read(store, run)} of {nginx.lines} lines, {deaths} deaths"
            if random.random() < 0.1:
                LatelyStore(database).slide(datetime.now(UTC) + timedelta(hours=random.randint(-50, 800)))
            time.sleep(0.02)

    with reader(url, run, directory, most) as look_after:
        while nginx.lines < lines:
            nginx.write(min(random.randint(1, lines // 10), lines - nginx.lines))
            if killed * lines < kills * nginx.lines:
                time.sleep(random.random() / 2)
                look_after(kill=True)
                killed += 1
            while marks and marks[0] <= nginx.lines:
                catch_up(random.randint(0, lines // 40))  # with some of the file read, as a rule
                marks.pop(0)
                next(ways)()
        catch_up(0)
        deaths = look_after()
    print(f"{nginx.lines} lines, {deaths} kills, {rotations} rotations")
    assert deaths >= killed + 3  # by itself, once at each of its stages
    assert read(store, run) == nginx.lines
    assert counted(url, run) == (nginx.lines, nginx.lines)
    assert sum(one.covered for one in store.covered([run])) == -(-nginx.lines // 10) * 1000
    found, expected = sums(database, film.id), recounted(url, film.id).sums(film.id)
    assert not astray(database)
    assert found == expected and expected["history"][film.user][2] == -(-(nginx.lines - 1) // 10)
    assert sum(watched for _, watched, _, _ in expected["hours"].values()) > nginx.lines * 6 * 1000


def test_every_line_once(database, database_url, tmp_path):
    torment(database, database_url, tmp_path, lines=12_000, kills=2, rotations=3, most=15)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_million_lines_once_each(database, database_url, tmp_path):
    torment(database, database_url, tmp_path, lines=1_000_000, kills=20, rotations=20, most=400)


# --- one thing at a time --------------------------------------------------------------------------


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def tail(database, tmp_path, told):
    return Tail(ReceiptStore(database), tmp_path, 365, told.append, source=secrets.token_hex(8))


@pytest.fixture
def log(tmp_path) -> Path:
    return tmp_path / "access.log"


def requests(count: int) -> list[bytes]:
    return [segment(secrets.token_hex(16)) for _ in range(count)]


def read_all(tail: Tail) -> int:
    return sum(iter(tail.step, 0))


def append(log: Path, *text: bytes) -> None:
    with log.open("ab") as file:
        file.write(b"".join(text))


def test_half_a_line_waits_for_its_other_half(tail, log):
    first, second = requests(2)
    append(log, first, second[:50])
    assert read_all(tail) == 1
    append(log, second[50:])
    assert (read_all(tail), read_all(tail)) == (1, 0)


def test_a_renamed_file_is_read_to_its_end(tail, log):
    append(log, *requests(3))
    assert read_all(tail) == 3
    old = log.rename(log.with_name("access.log.1"))
    append(old, *requests(2))
    append(log, *requests(4))
    append(old, *requests(1))  # a worker that was late to reopen
    assert (read_all(tail), read_all(tail)) == (7, 0)


@pytest.mark.parametrize("read", [0, 2, 3])
def test_a_copy_is_the_same_file(tail, log, read):
    lines = requests(3)
    append(log, *lines[:read])
    assert read_all(tail) == read
    append(log, *lines[read:])
    shutil.copyfile(log, log.with_name("access.log.1"))
    os.truncate(log, 0)
    append(log, *requests(5))
    assert (read_all(tail), read_all(tail)) == (3 - read + 5, 0)


def test_half_a_copy_is_not_taken_for_the_file(tail, log):
    append(log, *requests(3))
    log.with_name("access.log.1").write_bytes(log.read_bytes()[:1000])
    assert read_all(tail) == 3


def test_a_crash_that_took_the_end_of_the_log(tail, log):
    append(log, *requests(3))
    assert read_all(tail) == 3
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:2]))
    assert read_all(tail) == 0
    append(log, *requests(2))
    assert read_all(tail) == 2


def test_a_file_that_was_cut_off_while_it_was_read_is_not_mistaken_for_the_new_one(log):
    append(log, *requests(3))
    before = access_log.files(log.parent)[0]
    log.write_bytes(b"".join(requests(9)))
    assert access_log.read(before, 0, 1 << 20) is None


def test_what_is_no_line_at_all_does_not_stop_it(tail, log, monkeypatch):
    monkeypatch.setattr("processor.receipts.CHUNK_BYTES", 4096)
    append(log, *requests(1), b"\0" * 10_000, *requests(2))
    assert read_all(tail) == 5  # three lines, and two chunks that are none (the rest of the third begins a bad one)
    assert read_all(tail) == 0


def test_other_files_are_left_alone(tail, log):
    append(log, *requests(1))
    log.with_name("access.log.2.gz").write_bytes(secrets.token_bytes(1000))
    log.with_name("access.log.3").write_bytes(b"")
    assert read_all(tail) == 1


def test_tickets_are_told_after_the_commit_and_again_by_the_next_reader(tail, log, told, database):
    ticket = secrets.token_hex(8)
    append(log, delivery(secrets.token_hex(16), ticket=ticket))
    assert read_all(tail) == 1 and told.count(ticket) == 1
    found = ReceiptStore(database).covered([ticket])[0]
    assert (found.item, found.covered) == (MEDIA, 1000) and found.completed_at
    again: list[str] = []
    Tail(ReceiptStore(database), log.parent, 365, again.append, source="another").step()
    assert ticket in again


def test_another_reader_stands_by(tail, log, database):
    append(log, *requests(3))
    with ReceiptStore(database).reading(tail._source):
        assert tail.step() == 0
    assert read_all(tail) == 3


# --- rotation -------------------------------------------------------------------------------------


@pytest.fixture
def nginx(tmp_path):
    """A process that dies of USR1, and the pid file that names it."""
    process = subprocess.Popen(["sleep", "600"])
    (tmp_path / "nginx.pid").write_text(str(process.pid))
    yield process
    process.kill()
    process.wait()


def test_a_large_log_is_put_aside_and_nginx_is_told(tmp_path, log, nginx):
    rotation = Rotation(tmp_path, tmp_path / "nginx.pid", most_bytes=1000)
    assert not rotation.turn()  # there is none yet
    append(log, *requests(1))
    assert not rotation.turn() and log.exists()
    append(log, *requests(2))
    assert rotation.turn() and not log.exists() and len(list(tmp_path.glob("access.log.*"))) == 1
    assert nginx.wait(60) == -signal.SIGUSR1


@pytest.mark.parametrize("pid", ["", "2147483647"])
def test_a_log_stays_where_nginx_cannot_be_told(tmp_path, log, pid):
    append(log, *requests(3))
    (tmp_path / "nginx.pid").write_text(pid)
    assert not Rotation(tmp_path, tmp_path / "nginx.pid", most_bytes=10).turn() and log.exists()


def rested(log: Path, hours: int) -> None:
    then = time.time() - REST_SECONDS * hours
    os.utime(log, (then, then))


def test_files_go_once_they_have_been_read_and_rest(tmp_path, log, tail, database):
    rotation = Rotation(tmp_path, tmp_path / "nginx.pid", most_bytes=1)
    for age, name in enumerate(("access.log.3", "access.log.2", "access.log.1", "access.log")):
        append(tmp_path / name, *requests(2))
        rested(tmp_path / name, 4 - age)

    def positions() -> list[Position]:
        return ReceiptStore(database).positions(tail._source)

    assert rotation.remove_read(positions()) == 0
    read_all(tail)
    append(tmp_path / "access.log.2", *requests(1))  # not read yet
    rested(tmp_path / "access.log.2", 3)
    assert rotation.remove_read(positions()) == 1
    assert {path.name for path in tmp_path.glob("access.log*")} == {"access.log", "access.log.1", "access.log.2"}

"""What ends an archive before its end: the client leaves, a file vanishes or changes, a drive goes. And what does not."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import time
import zlib
from pathlib import Path

import pytest

from tests.e2e.archives.conftest import BATCH, ask, members, path_of, put
from tests.e2e.people import wait_until

SIZE = 40 << 20


@pytest.fixture(scope="module")
def pair(stack) -> list[dict]:
    """Two files of a mount, larger than every buffer on the way."""
    for name in ("first.bin.txt", "second.bin.txt"):
        put(stack, f"ends/{name}", os.urandom(SIZE))
    return [stack.wait_for_media(name) for name in ("first.bin.txt", "second.bin.txt")]


@pytest.fixture(scope="module")
def long(client, pair) -> dict:
    return ask(client, media_ids=[one["id"] for one in pair])


def broken_off(stack, made: dict, *options: str) -> str:
    """What curl says of a transfer that ends too early."""
    command = ["curl", "-sS", "--cacert", stack.data / "tls/certificate.pem", "-o", "/dev/null", *options, made["url"]]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode in (18, 92), (done.returncode, done.stderr)  # partial file; HTTP/2 stream error
    return done.stderr


WAYS = pytest.mark.parametrize("way", [["--http1.1"], ["--http2"], ["-r", "1-"], ["-r", "1-", "--http2"]], ids=" ".join)


@WAYS
def test_a_member_that_vanished_ends_the_transfer(stack, long, way):
    with moved(stack.data / "shelf/ends/second.bin.txt"):
        broken_off(stack, long, *way)
    assert len(stack.session(None).get(long["url"]).content) > 2 * SIZE


@WAYS
def test_a_member_that_is_not_what_it_was_ends_the_transfer(stack, long, way):
    file = stack.data / "shelf/ends/second.bin.txt"
    before = file.stat()
    try:
        with file.open("ab") as opened:
            opened.write(b"more")
        broken_off(stack, long, *way)
        with file.open("r+b") as opened:
            opened.truncate(before.st_size)  # as large as before, and younger
        broken_off(stack, long, *way)
    finally:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@WAYS
def test_a_kept_song_that_vanished_or_became_shorter_ends_it(stack, client, mixed, pair, way):
    made = ask(client, media_ids=[mixed.kept["id"], pair[0]["id"]])
    kept = next((stack.data / "files/originals").rglob(f"{mixed.kept['id']}/original"))
    content = kept.read_bytes()
    with moved(kept):
        broken_off(stack, made, *way)
        refused = client.post(BATCH, json={"media_ids": [mixed.kept["id"]]})
        assert refused.json()["error"]["code"] == "FILE_014" and "kept song.mp3" in refused.text
    try:
        os.truncate(kept, len(content) // 2)
        broken_off(stack, made, *way)
    finally:
        kept.write_bytes(content)


def test_U05_no_link_below_a_mount_is_followed(stack, client, pair, tmp_path):
    """Swapped in after the address was made; the whole archive and its ranges."""
    made = ask(client, media_ids=[pair[0]["id"]])
    file = stack.data / "shelf/ends/first.bin.txt"
    with moved(file) as hidden:
        file.symlink_to(hidden)
        for way in ("--http1.1", "-r1-"):
            broken_off(stack, made, way)
        file.unlink()
        file.write_bytes(b"")


class moved:
    """A file that is away for a while."""

    def __init__(self, path: Path):
        self._path, self._hidden = path, path.with_name("." + path.name)

    def __enter__(self) -> Path:
        return self._path.rename(self._hidden)

    def __exit__(self, *_) -> None:
        self._hidden.rename(self._path)


# --- clients that leave -------------------------------------------------------------------------------


def open_files(stack) -> int:
    """Descriptors of all workers of control and of Nginx."""
    pids = [pid for program in ("sluice:control", "sluice:nginx", "drives:drive-shelf") for pid in stack.pids(program)]
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids if Path(f"/proc/{pid}/fd").exists())


@pytest.mark.parametrize("header", ["", "Range: bytes=1-\r\n"], ids=["whole", "range"])
def test_clients_that_leave_hold_nothing(stack, long, header):
    before = open_files(stack)
    for _ in range(10):
        leave(stack, path_of(stack, long), header)
    wait_until(lambda: open_files(stack) <= before + 8, 90, "descriptors of clients that left are still open")
    assert stack.session(None).get(long["url"], headers={"Range": "bytes=0-3"}).content == b"PK\3\4"


def leave(stack, path: str, header: str) -> None:
    """Ask for it, take some of it, and go without a word."""
    context = ssl.create_default_context(cafile=stack.data / "tls" / "certificate.pem")
    with (
        socket.create_connection(("localhost", stack.port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n".encode())
        assert secure.recv(65536).startswith(b"HTTP/1.1 20")
        for _ in range(20):
            secure.recv(65536)


def test_a_slow_client_pins_neither_memory_nor_disk(stack, long):
    client = stack.session(None)
    before = resident(stack)
    slow = [client.get(long["url"], stream=True, headers=headers) for headers in ({}, {"Range": "bytes=1-"}) * 5]
    for answer in slow:
        next(answer.iter_content(1000))
    time.sleep(2)
    grown, copies = resident(stack) - before, [one for one in (stack.data / "nginx/proxy").rglob("*") if one.is_file()]
    for answer in slow:
        answer.close()
    assert (grown < 100_000_000, copies) == (True, []), grown


def resident(stack) -> int:
    pids = [pid for program in ("sluice:control", "sluice:nginx") for pid in stack.pids(program)]
    texts = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    return sum(int(text.split("RssAnon:")[1].split()[0]) * 1024 for text in texts)


# --- what takes the other path ------------------------------------------------------------------------


def forged(wanted: int) -> bytes:
    """Eight bytes with this CRC-32: four that are free and four that are solved for, bit by bit."""
    base = zlib.crc32(b"sluice" + bytes(4))
    columns = [zlib.crc32(b"sluice" + (1 << bit).to_bytes(4, "little")) ^ base for bit in range(32)]
    rows = [(column, 1 << bit) for bit, column in enumerate(columns)]
    target, found = base ^ wanted, 0
    for bit in range(31, -1, -1):
        pivot = next((row for row in rows if row[0] >> bit & 1), None)
        if pivot is None:
            continue
        rows = [
            (row[0] ^ pivot[0], row[1] ^ pivot[1]) if row[0] >> bit & 1 else row for row in rows if row is not pivot
        ]
        if target >> bit & 1:
            target, found = target ^ pivot[0], found ^ pivot[1]
    assert target == 0
    return b"sluice" + found.to_bytes(4, "little")


def test_an_archive_whose_own_bytes_look_like_a_command_is_sent_by_control(stack, client, mixed):
    """The CRC-32 of a file is its maker's to choose: `<!--` in the header of the archive."""
    content = forged(int.from_bytes(b"<!--", "little"))
    assert zlib.crc32(content).to_bytes(4, "little") == b"<!--"
    put(stack, "ends/#include virtual='_.txt", content)
    media = stack.wait_for_media("#include virtual='_.txt")
    made = ask(client, media_ids=[media["id"], mixed.kept["id"]])
    whole = client.get(made["url"])
    assert whole.content.count(b"<!--") == 2 and whole.headers["Content-Length"] == str(len(whole.content))
    assert list(members(whole.content).values()) == [content, mixed.contents["kept song.mp3"]]
    assert "X-Accel-Redirect" not in whole.headers


def test_very_many_members_are_sent_by_control(stack, client, mixed):
    """More than Nginx should hold in memory; all of them the same file, under names of their own."""
    count = 4100
    stack.query(
        "INSERT INTO media (name, kind, mime, size_bytes, source, state, original, stored, crc32, folder) "
        "SELECT 'many.bin', 'document', 'x/y', 1, 'upload', 'completed', 'kept', 'users/many/' || n, 0, 'many' "
        f"FROM generate_series(1, {count}) n"
    )
    directory = stack.data / "files/users/many"
    owner = stack.data.stat()
    subprocess.run(
        f"mkdir -p {directory} && cd {directory} && for n in $(seq {count}); do printf x > $n; done",
        shell=True, check=True, user=owner.st_uid, group=owner.st_gid,
    )  # fmt: skip
    stack.query(f"UPDATE media SET crc32 = {zlib.crc32(b'x')} WHERE name = 'many.bin'")
    try:
        made = ask(client, folder="many")
        assert made["files"] == count
        found = members(client.get(made["url"]).content)
        assert len(found) == count and found["many/many (4100).bin"] == b"x"
    finally:
        stack.query("DELETE FROM media WHERE name = 'many.bin'")
        shutil.rmtree(directory)


@pytest.mark.soak
def test_U05_a_member_of_5_GiB(stack, client, tmp_path):
    """A hole of 5 GiB, read for its checksum, sent by Nginx, and its end by control; ZIP64 in every place."""
    size, directory = 5 << 30, stack.data / "files/users/huge"
    owner = stack.data.stat()
    subprocess.run(
        f"mkdir -p {directory} && truncate -s {size} {directory}/1 && printf x > {directory}/2",
        shell=True, check=True, user=owner.st_uid, group=owner.st_gid,
    )  # fmt: skip
    for number, length in ((1, size), (2, 1)):
        stack.query(
            "INSERT INTO media (name, kind, size_bytes, source, state, original, stored, folder) VALUES "
            f"('huge {number}.bin', 'document', {length}, 'upload', 'completed', 'kept', 'users/huge/{number}', 'huge')"
        )
    try:
        made = ask(client, folder="huge")
        certificate = stack.data / "tls/certificate.pem"
        command = ["curl", "-sS", "--fail", "--cacert", certificate, "-o", tmp_path / "huge.zip", made["url"]]
        subprocess.run(command, check=True, timeout=280)
        whole = tmp_path / "huge.zip"
        subprocess.run(["unzip", "-tqq", whole], check=True)
        tail = client.get(made["url"], headers={"Range": "bytes=-70000"}).content
        with whole.open("rb") as file:
            file.seek(-70_000, os.SEEK_END)
            assert file.read() == tail
    finally:
        stack.query("DELETE FROM media WHERE folder = 'huge'")
        shutil.rmtree(directory)

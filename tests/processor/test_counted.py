"""What leaves a real Nginx is what is counted: with a stub as its control, over HTTP/1.1 and HTTP/2."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from control.cli.init import initialise
from control.settings import Settings, load
from control.storage.sql.receipts import ReceiptStore
from nginx import contract
from nginx.render import render
from nginx.settings import binary
from processor.receipts import Tail
from tests.nginx.test_verifier import Stub, as_account, wait_for

MEDIA, SIZE = str(uuid.uuid4()), 64_000_000  # more than the kernel's buffers between Nginx and a client hold
WAIT_SECONDS = 60


@dataclass
class Place:
    settings: Settings
    port: int
    stub: Stub
    tail: Tail

    def curl(self, version: str, *arguments: str) -> list:
        address = f"https://localhost:{self.port}/api/media/{MEDIA}/original"
        return ["curl", "-s", "--cacert", self.settings.certificate, f"--http{version}", *arguments, address]

    def get(self, version: str, *arguments: str) -> bytes:
        return subprocess.run(self.curl(version, *arguments), capture_output=True, check=True).stdout

    def hand_over(self, url: str, value: str) -> None:
        """What control would say."""
        self.stub.head = f"HTTP/1.1 200 OK\r\nX-Accel-Redirect: {url}\r\n{contract.TICKET.name}: {value}"

    def read_until(self, found: Callable):
        """What `found()` answers once it does, while the log is read."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not (answer := found()):
            assert time.monotonic() < deadline, "it did not come"
            if not self.tail.step():
                time.sleep(0.05)
        return answer


@pytest.fixture(scope="module")
def nginx() -> Iterator[tuple[Settings, int, Stub]]:
    data = Path(tempfile.mkdtemp(prefix="sluice-nginx-"))
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    (data / "shelf").mkdir()
    (data / "sluice.toml").write_text(f'[server]\nport = {port}\n[[mounts]]\nname = "shelf"\npath = "{data}/shelf"\n')
    settings = load(data)
    initialise(settings)
    configuration = render(settings)
    for path in (data / "shelf" / "a b.mp3", data / "files/originals" / MEDIA[:2] / MEDIA / contract.ORIGINAL):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.truncate(path, SIZE)
    stub = Stub(settings.paths.run / "control.sock")
    stub.start()
    account = as_account(data, settings)
    with contextlib.ExitStack() as stack:
        for one in (data / "nginx/drives/shelf.conf", configuration):
            command = [binary(), "-p", data / "nginx", "-c", one, "-g", "daemon off;"]
            process = stack.enter_context(subprocess.Popen(command, **account))
            stack.callback(process.terminate)
        wait_for(port)
        yield settings, port, stub
    shutil.rmtree(data)
    shutil.rmtree(settings.paths.cache, ignore_errors=True)


@pytest.fixture(scope="module")
def source() -> str:
    return secrets.token_hex(8)


@pytest.fixture
def place(nginx, database, source) -> Place:
    settings, port, stub = nginx
    tail = Tail(ReceiptStore(database), settings.paths.logs, 365, lambda ticket: None, source)
    return Place(settings, port, stub, tail)


@pytest.fixture(params=["kept", "mounted"])
def url(request, database) -> str:
    """Where control finds the original."""
    if request.param == "kept":
        return contract.accel_original(MEDIA)
    database.run(
        """INSERT INTO media (id, name, kind, size_bytes, source, mount, path)
           VALUES (gen_random_uuid(), 'a', 'audio', 1, 'mount', 'shelf', 'a b.mp3') ON CONFLICT DO NOTHING"""
    )
    return contract.accel_mount("shelf", "a b.mp3")


@pytest.fixture(params=["1.1", "2"])
def version(request) -> str:
    return request.param


@pytest.fixture
def ticket() -> str:
    return secrets.token_urlsafe(12)


def test_a_whole_download_is_counted_to_the_byte_and_its_head_is_not(place, database, url, version, ticket):
    place.hand_over(url, ticket)
    assert contract.TICKET.name.lower().encode() not in place.get(version, "-I").lower()
    place.get(version, "-o", "/dev/null")
    covered = place.read_until(lambda: ReceiptStore(database).covered([ticket]))[0]
    assert (covered.size, covered.covered) == (SIZE, SIZE) and covered.completed_at
    rows = database.all("SELECT * FROM receipts WHERE ticket = %s ORDER BY bytes", [ticket])
    assert [(row["bytes"], row["range_end"], row["size"], row["status"]) for row in rows] == [
        (0, 0, None, 200), (SIZE, SIZE, SIZE, 200),
    ]  # fmt: skip
    assert {str(row["media_id"]) for row in rows} == {covered.item}


def test_a_download_that_is_broken_off_counts_what_has_left_nginx(place, database, url, version, ticket, tmp_path):
    """That may be more than the client has read: what lies in the kernel's buffers on the way has left Nginx too."""
    place.hand_over(url, ticket)
    file = tmp_path / "part"
    process = subprocess.Popen(place.curl(version, "-r", "1000-", "--limit-rate", "1M", "-o", str(file)))
    deadline = time.monotonic() + WAIT_SECONDS
    while not file.exists() or file.stat().st_size < 300_000:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait()
    covered = place.read_until(lambda: ReceiptStore(database).covered([ticket]))[0]
    row = database.one("SELECT * FROM receipts WHERE ticket = %s", [ticket])
    assert (row["status"], row["complete"], row["range_start"], row["size"]) == (206, False, 1000, SIZE)
    assert file.stat().st_size <= row["bytes"] == row["range_end"] - 1000 == covered.covered < SIZE - 1000
    assert covered.completed_at is None


def test_parts_add_up_over_both_protocols(place, database, url, ticket):
    half = SIZE // 2
    place.hand_over(url, ticket)
    place.get("1.1", "-r", f"0-{half}", "-o", "/dev/null")
    place.get("2", "-r", f"{half}-", "-o", "/dev/null")
    covered = place.read_until(lambda: [one for one in ReceiptStore(database).covered([ticket]) if one.completed_at])
    assert covered[0].covered == SIZE


def test_an_item_of_controls_choice(place, database, ticket):
    item = str(uuid.uuid4())
    place.hand_over(contract.accel_original(MEDIA), contract.ticket_value(ticket, item))
    place.get("2", "-r", "0-99")
    assert place.read_until(lambda: ReceiptStore(database).covered([ticket]))[0].item == item
    assert database.one("SELECT ticket FROM receipts WHERE ticket = %s", [ticket])


def test_an_answer_without_the_file_counts_nothing_and_is_told(place, database, url, version, ticket):
    place.hand_over(url, ticket)
    place.get(version, "-r", f"{SIZE}-")
    place.hand_over(url + "-gone", ticket)
    place.get(version)
    rows = place.read_until(lambda: two(database, ticket))
    assert {row["status"] for row in rows} == {404, 416} and ReceiptStore(database).covered([ticket]) == []


def two(database, ticket) -> list:
    rows = database.all("SELECT status FROM receipts WHERE ticket = %s", [ticket])
    return rows if len(rows) == 2 else []


def test_what_is_not_counted_is_read_all_the_same(place, database):
    """Without a ticket lines wait in Nginx's buffer for a second."""
    place.stub.head = f"HTTP/1.1 200 OK\r\nX-Accel-Redirect: {contract.accel_original(MEDIA)}"
    agent = secrets.token_hex(8)
    place.get("2", "-r", "5-9", "-A", agent)
    row = place.read_until(lambda: database.one("SELECT * FROM receipts WHERE agent = %s", [agent]))
    assert (row["kind"], row["ticket"], row["range_start"], row["range_end"]) == ("original", None, 5, 10)
    assert str(row["media_id"]) == MEDIA


def test_a_client_cannot_bring_a_ticket(place, database, ticket):
    place.stub.head = f"HTTP/1.1 200 OK\r\nX-Accel-Redirect: {contract.accel_original(MEDIA)}"
    place.get("2", "-r", "5-9", "-A", ticket, "-H", f"{contract.TICKET.name}: {ticket}")
    place.read_until(lambda: database.one("SELECT * FROM receipts WHERE agent = %s", [ticket]))
    assert ReceiptStore(database).covered([ticket]) == []

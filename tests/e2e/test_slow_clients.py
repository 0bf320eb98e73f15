"""Clients that hold on to what they have (threat H02), and HTTP/2 that grows when it is unpacked (H03).

The real configuration in an Nginx of the tests' own, with less patience than ours: nobody waits a minute for a test.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from control.settings import load
from nginx.render import text
from nginx.settings import MOST_HEADERS, WAITS
from tests.e2e.hls import rungs, segments
from tests.e2e.originals import links, put
from tests.stack import PATIENCE, REPO, Client

FEW, MANY = 150, 2000  # sockets of each kind
OTHERS = {"waits": {"header": 2, "body": 2, "upload": 60, "answer": 2}}
MOST = 100  # requests under way from one address

_TRIAL = """
import json, sys
from pathlib import Path
from control.cli.account import act_as_owner
from control.cli.environment import recall
from control.settings import load
from nginx.trial import trial
data = Path(sys.argv[1])
act_as_owner(data)
recall(data)
with trial(load(data), **json.loads(sys.argv[2])) as port:
    print(port, flush=True)
    sys.stdin.read()
"""


@dataclass
class Edge:
    """An Nginx beside the stack's own."""

    stack: object
    port: int
    context: ssl.SSLContext = field(default_factory=lambda: _context())
    known: ssl.SSLSession | None = None  # a handshake costs more than all the rest

    def open(self, address: str = "127.0.0.1", protocols: tuple[str, ...] = ()) -> ssl.SSLSocket:
        context = _context(protocols) if protocols else self.context
        plain = socket.create_connection(("127.0.0.1", self.port), PATIENCE, (address, 0))
        secure = context.wrap_socket(plain, session=None if protocols else self.known)
        self.known = self.known or (None if protocols else secure.session)
        return secure

    def player(self) -> Client:
        return Client(f"https://localhost:{self.port}", self.stack.data / "tls/certificate.pem", address="127.0.0.2")

    def workers(self) -> dict[int, int]:
        """pid -> bytes that it has in memory."""
        master = int((self.stack.data / "nginx/trial/nginx.pid").read_text())
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return {int(pid): _resident(int(pid)) for pid in children if b"worker" in _title(pid)}


def _context(protocols: tuple[str, ...] = ()) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # its sessions are known at once
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


def _title(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # the cache's loader has done its work
        return b""


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def beside(stack, **other) -> Iterator[Edge]:
    command = [sys.executable, "-c", _TRIAL, stack.data, json.dumps(OTHERS | other)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPO) as process:
        try:
            yield Edge(stack, int(process.stdout.readline()))
        finally:
            process.stdin.close()


@pytest.fixture(scope="module")
def edge(stack):
    with beside(stack, connections=MOST) as edge:
        yield edge


@pytest.fixture(scope="module")
def segment(stack, film) -> str:
    """The address of a piece of film, below its signed prefix."""
    client = stack.session()
    master = client.get(f"/api/media/stream/{film['id']}")
    rung = next(iter(rungs(client, master.url, master.text).values()))
    return "/" + segments(client, rung)[0].url.split("/", 3)[3]


@pytest.fixture(scope="module")
def large(stack) -> str:
    """The signed address of a file that no buffer of the kernel's holds."""
    return links(stack.session(), put(stack, "kept", "large.bin", bytes(16 << 20), "application/octet-stream").id)["d"]


def slow_header(edge: Edge, large: str) -> ssl.SSLSocket:
    secure = edge.open()
    secure.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    return secure


def slow_body(edge: Edge, large: str) -> ssl.SSLSocket:
    secure = edge.open()
    secure.sendall(
        b"POST /api/media/batch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n{"
    )
    return secure


def slow_reader(edge: Edge, large: str) -> ssl.SSLSocket:
    secure = edge.open()
    secure.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    secure.sendall(f"GET {large} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return secure


KINDS: dict[str, Callable] = {"slow header": slow_header, "slow body": slow_body, "slow reader": slow_reader}


def hold(edge: Edge, large: str, count: int) -> dict[str, list[ssl.SSLSocket]]:
    return {kind: [begin(edge, large) for _ in range(count)] for kind, begin in KINDS.items()}


def ended(secure: ssl.SSLSocket) -> bool:
    """Whether Nginx has ended it: what had been sent before is read to its end."""
    secure.settimeout(PATIENCE)
    try:
        while secure.recv(1 << 20):
            pass
    except TimeoutError:
        return False
    except (OSError, ssl.SSLError):
        pass
    return True


def patient_upload(edge: Edge, stack) -> int:
    """The status of an upload that falls silent for longer than others may."""
    token = stack.session().cookies["__Host-sluice"]
    client = edge.player()
    client.headers["Authorization"] = f"Bearer {token}"
    begun = client.post("/v1/files/init", json={"filename": "slow.bin", "size": 4, "mode": "chunked"}).json()

    def pieces():
        yield b"ab"
        time.sleep(OTHERS["waits"]["body"] + 1)
        yield b"cd"

    url = f"/v1/files/part?upload_id={begun['upload_id']}&part=1"
    return client.post(url, data=_Sized(pieces(), 4)).status_code


class _Sized:
    """A body in pieces, of a length that is known."""

    def __init__(self, pieces, length: int):
        self._pieces, self._length = pieces, length

    def __len__(self) -> int:
        return self._length

    def __iter__(self):
        return self._pieces


def besieged(edge: Edge, stack, segment: str, large: str, count: int) -> None:
    before = edge.player().get(segment).content
    held = hold(edge, large, count)
    try:
        player = edge.player()
        for _ in range(20):
            answer = player.get(segment, timeout=PATIENCE)
            assert (answer.status_code, answer.content) == (200, before)
        assert patient_upload(edge, stack) == 200
        for kind, sockets in held.items():
            assert all(map(ended, sockets)), kind
        assert player.get(segment, timeout=PATIENCE).content == before
    finally:
        for sockets in held.values():
            for secure in sockets:
                secure.close()


def test_H02_slow_clients_disturb_no_player_and_are_dropped(edge, stack, segment, large):
    besieged(edge, stack, segment, large, FEW)


@pytest.mark.soak
def test_H02_two_thousand_of_each(edge, stack, segment, large):
    besieged(edge, stack, segment, large, MANY)


def test_H02_our_own_patience(stack):
    """What the tests above have less of, and that an upload may pause for longer than anything else."""
    configuration = text(load(stack.data)).partition("# The door for edges")[0]  # which comes behind, and is the same
    for directive, seconds in (
        ("client_header_timeout", WAITS["header"]), ("client_body_timeout", WAITS["body"]), ("send_timeout", WAITS["answer"]),
    ):  # fmt: skip
        assert f"    {directive} {seconds}s;" in configuration
    assert WAITS["header"] <= 20 and WAITS["body"] <= 30 and WAITS["answer"] <= 60 <= WAITS["upload"]
    assert configuration.count(f"client_body_timeout {WAITS['upload']}s;") == 3
    assert "limit_conn connections 1000;" in configuration


# --- HTTP/2, written by hand (RFC 9113, RFC 7541) ---------------------------------------------------

HEADERS, RESET, SETTINGS, GOAWAY = 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4
WINDOW, OK, BAD_REQUEST = 4, b"\x88", b"\x8c"  # a setting, and :status as the static table has it
_TO_HOME = b"\x82\x87\x41\x09localhost"  # :method GET, :scheme https, :authority
_GET_HOME = _TO_HOME + b"\x84"  # :path /


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def begin_h2(edge: Edge, settings: bytes = b"") -> ssl.SSLSocket:
    secure = edge.open("127.0.0.3", protocols=("h2",))
    assert secure.selected_alpn_protocol() == "h2"
    secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0, settings))
    return secure


def frames(secure: ssl.SSLSocket) -> Iterator[tuple[int, bytes]]:
    """(type, payload) of what Nginx says, until it ends the connection."""
    secure.settimeout(PATIENCE)
    with contextlib.suppress(ConnectionError, ssl.SSLError), secure.makefile("rb") as answer:
        while len(head := answer.read(9)) == 9:
            yield head[3], answer.read(int.from_bytes(head[:3]))


def test_H02_one_address_has_so_many_requests_under_way_and_no_more(edge, large):
    """Over one connection, whose client takes nothing: all at once, however busy the machine is."""
    too_many = 20
    with begin_h2(edge, WINDOW.to_bytes(2) + bytes(4)) as secure:
        path = b"\x04" + _text(large.encode())
        asked = [frame(HEADERS, END_STREAM | END_HEADERS, 2 * n + 1, _TO_HOME + path) for n in range(MOST + too_many)]
        secure.sendall(b"".join(asked))
        answers = (payload for kind, payload in frames(secure) if kind == HEADERS)
        first = [next(answers) for _ in asked]
    assert sum(answer.startswith(OK) for answer in first) == MOST
    assert sum(b"429" in answer[:8] for answer in first) == too_many


def literal(name: bytes, value: bytes, kept: bool = False) -> bytes:
    """A header field that nobody has had before; `kept`: the decoder must remember it."""
    return (b"\x40" if kept else b"\x00") + _text(name) + _text(value)


def _text(value: bytes) -> bytes:
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, number = len(value) - 127, b"\x7f"
    while rest >= 128:
        number, rest = number + bytes([rest % 128 + 128]), rest // 128
    return number + bytes([rest]) + value


def many_small() -> bytes:
    return b"".join(literal(b"x%d" % number, b"1") for number in range(4 * MOST_HEADERS))


def bomb() -> bytes:
    """One large field, then thousands of times a byte that stands for it."""
    return literal(b"bomb", b"b" * 3000, kept=True) + b"\xbe" * 12_000


@pytest.mark.parametrize("grown", [many_small, bomb])
def test_H03_a_header_list_that_grows_is_refused_and_takes_no_memory(edge, grown):
    before = edge.workers()
    for _ in range(20):
        with begin_h2(edge) as secure:
            with contextlib.suppress(OSError):
                secure.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 1, _GET_HOME + grown()))
            kind, payload = next((one for one in frames(secure) if one[0] in (HEADERS, RESET, GOAWAY)), (GOAWAY, b""))
            assert kind != HEADERS or payload.startswith(BAD_REQUEST)
    _unharmed(edge, before)


def test_H03_streams_that_are_reset_at_once_take_no_memory(edge):
    before = edge.workers()
    for _ in range(3):
        with begin_h2(edge) as secure:
            burst = b"".join(
                frame(HEADERS, END_STREAM | END_HEADERS, stream, _GET_HOME) + frame(RESET, 0, stream, b"\0\0\0\x08")
                for stream in range(1, 4001, 2)
            )
            with contextlib.suppress(OSError):
                secure.sendall(burst)
            assert any(kind == GOAWAY for kind, _ in frames(secure)) or ended(secure)  # so many streams are enough
    _unharmed(edge, before)


def _unharmed(edge: Edge, before: dict[int, int]) -> None:
    """The same workers, hardly larger, and there for everybody else."""
    after = edge.workers()
    assert after.keys() == before.keys()
    assert all(after[pid] - before[pid] < 32 << 20 for pid in after)
    assert edge.player().get("/healthz").status_code == 200

"""An edge in front of the stack: it checks signatures itself, asks once for a segment, and keeps no key of its own."""

from __future__ import annotations

import collections
import contextlib
import http.client
import json
import shutil
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from control.cli.door import Door
from control.cli.edge_certificates import ensure_door, mint
from nginx import contract
from tests.e2e.hls import rungs, segments
from tests.e2e.people import wait_until
from tests.edges import door, minted, serving
from tests.stack import PATIENCE

ASKERS = 20
CACHE = contract.EDGE_CACHE.name


@pytest.fixture(scope="module")
def edge(stack, film):
    with serving(minted(stack, "edge-one")) as edge:
        yield edge


@pytest.fixture(scope="module")
def viewer(edge, stack):
    """Signed in through the edge, whose certificate is its own."""
    client = edge.session(None)
    account = {"username": "admin", "password": stack.admin_password}
    client.post("/api/auth/login", json=account, timeout=PATIENCE).raise_for_status()
    return client


@pytest.fixture(scope="module")
def playing(edge, viewer, film):
    """The segments of one rung, all of them at the edge."""
    url = f"{edge.url}/api/media/stream/{film['id']}"
    return segments(viewer, rungs(viewer, url, viewer.get(url).text)["360p"])


def test_a_segment_is_fetched_once_however_many_ask_at_once(edge, stack, viewer, playing):
    target = playing[0].url
    with ThreadPoolExecutor(ASKERS) as crowd:
        answers = list(crowd.map(lambda _: edge.session(None).get(target, timeout=PATIENCE), range(ASKERS)))
    assert collections.Counter(answer.headers[CACHE] for answer in answers) == {"MISS": 1, "HIT": ASKERS - 1}
    assert {answer.status_code for answer in answers} == {200}
    path = urlsplit(target).path
    ours = stack.data / "vault" / contract.vault_directory(path.split("/")[6]) / "/".join(path.split("/")[7:])
    assert {answer.content for answer in answers} == {ours.read_bytes()}
    assert answers[0].headers["Content-Security-Policy"].count("default-src") == 1
    part = viewer.get(target, headers={"Range": "bytes=16-31"})
    assert (part.status_code, part.content, part.headers[CACHE]) == (206, ours.read_bytes()[16:32], "HIT")


def test_what_lies_at_the_edge_is_opened_by_its_signature_alone(edge, viewer, playing):
    _, place, kid, mac, expires, rest = urlsplit(playing[0].url).path.split("/", 5)
    assert viewer.get(playing[0].url).headers[CACHE] == "HIT"
    for who, target in {
        "another signature": f"/{place}/{kid}/{mac[::-1]}/{expires}/{rest}",
        "a later expiry": f"/{place}/{kid}/{mac}/{int(expires) + 1}/{rest}",
        "a key that is not known here": f"/{place}/zz/{mac}/{expires}/{rest}",
        "a query": f"/{place}/{kid}/{mac}/{expires}/{rest}?x=1",
    }.items():
        answer = viewer.get(target)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "SEC_003"), who
        assert CACHE not in answer.headers, who


def test_keys_are_control_s_and_never_kept(edge, viewer, playing):
    answers = [viewer.get(playing[0].key_url) for _ in range(2)]
    assert all(len(answer.content) == 16 and CACHE not in answer.headers for answer in answers)
    assert answers[0].headers["Cache-Control"] == "no-store"
    assert edge.session(None).get(playing[0].key_url).status_code == 401


def test_the_door_is_for_edges_alone(stack, edge, playing, tmp_path):
    """Not for whoever has no certificate, nor for whoever made one, nor for what viewers send through an edge."""
    path = urlsplit(playing[0].url).path
    for target in (path, contract.EDGE_KEYS.path, "/login"):
        assert without_certificate(door(stack), target) == 400, target
    assert resumed(stack, door(stack)) == (False, b"400")
    ensure_door(tmp_path)
    mint(tmp_path, "edge-one", tmp_path)
    shutil.copy(edge.data / "keys/origin.pem", tmp_path)
    with pytest.raises(Exception, match="answers 400"):
        Door([door(stack)], tmp_path).get(contract.EDGE_KEYS.path)
    ours = Door([door(stack)], edge.data / "keys")
    assert ours.get(contract.EDGE_KEYS.path) == (stack.data / "keys/links.json").read_bytes()
    with pytest.raises(Exception, match="answers 403"):  # the certificate of an edge opens nothing that a signature must
        ours.get(path.replace(path.split("/")[3], "A" * 22))
    for spelling in (contract.EDGE_KEYS.path, "/static/..%2f" + contract.EDGE_KEYS.path[1:], "/" + contract.EDGE_KEYS.path):
        for asked in (edge, stack):
            head = f"GET {spelling} HTTP/1.1\r\nHost: localhost\r\n{contract.FILL.name}: 1\r\nConnection: close\r\n\r\n"
            assert asked.raw(head.encode()).split(b"\r\n", 1)[0].split()[1] == b"404", (spelling, asked.url)


def without_certificate(origin: str, target: str) -> int:
    host, port = origin.split(":")
    connection = http.client.HTTPSConnection(host, int(port), timeout=PATIENCE, context=ssl._create_unverified_context())
    with contextlib.closing(connection):
        connection.request("GET", target)
        return connection.getresponse().status


def resumed(stack, origin: str) -> tuple[bool, bytes]:
    """(whether the door goes on with a TLS session of the public port, the status that it answers)"""
    context = ssl._create_unverified_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    plain = (socket.create_connection(("127.0.0.1", int(port)), timeout=PATIENCE)
             for port in (stack.port, origin.split(":")[1]))  # fmt: skip
    with context.wrap_socket(next(plain), server_hostname="localhost") as first:
        first.sendall(b"GET /login HTTP/1.0\r\n\r\n")
        assert first.recv(100).split()[1] == b"200" and first.session
        with context.wrap_socket(next(plain), server_hostname="localhost", session=first.session) as second:
            second.sendall(b"GET /login HTTP/1.0\r\n\r\n")
            return second.session_reused, second.recv(100).split()[1]


def test_an_edge_s_log_becomes_receipts_and_new_secrets_reach_it(stack, edge, viewer, film, playing):
    """By the door. What it fetched for its cache is no delivery; a link signed by a secret that it does not know yet is the
    control host's to check; and clients are known by their own address, which they cannot choose."""
    before = len(stack.deliveries())
    for _ in range(2):
        viewer.get(playing[1].url, headers={"User-Agent": "edge-receipt"})
    stranger = edge.session(None, address="127.0.0.9")
    refused = stranger.get("/api/auth/me", headers={contract.CLIENT_ADDRESS.name: "203.0.113.9"})
    kid = json.loads(stack.sluice("link", "rotate-key", "--json"))["key_id"]
    url = f"{edge.url}/api/media/stream/{film['id']}"
    fresh = segments(viewer, rungs(viewer, url, viewer.get(url).text)["360p"])[0].url
    answer = viewer.get(fresh)
    assert f"/{kid}/" in fresh and answer.status_code == 200 and CACHE not in answer.headers

    counted = "SELECT count(*) || ' ' || count(user_id) FROM receipts WHERE agent = 'edge-receipt'"

    def told() -> bool:
        edge.sluice("edge", "sync")
        return stack.query(counted) == "2 2"

    wait_until(told, PATIENCE)
    assert stack.query("SELECT count(*) FROM receipt_positions WHERE source = 'edge edge-one'") != "0"
    assert (edge.data / "keys/links.json").read_bytes() == (stack.data / "keys/links.json").read_bytes()
    assert CACHE in viewer.get(fresh).headers and viewer.get(playing[0].url).status_code == 200
    lines = stack.deliveries()[before:]
    said = next(line for line in lines if line["request"] == refused.json()["error"]["decision"])
    assert said["client"] == "127.0.0.9"
    media, segment = urlsplit(playing[1].url).path.split("/", 7)[6:]
    assert not [line for line in lines if (line["media"], line["file"]) == (media, segment)]


def test_an_edge_that_was_removed_is_refused(stack, edge, viewer):
    """What it has cached it still gives to whoever has a signature; of the control hosts it gets nothing."""
    stack.sluice("edge", "remove", "edge-one")
    with pytest.raises(Exception, match="answers 403"):
        Door([door(stack)], edge.data / "keys").get(contract.EDGE_KEYS.path)
    assert viewer.get("/api/auth/me").status_code == 403

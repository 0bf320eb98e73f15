"""What uploads must never do: leave their place, pass the quota, be stored before anybody has agreed, or stay behind."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.people import wait_until
from tests.e2e.uploads.clients import (
    TUS,
    Person,
    begin,
    code,
    create,
    incoming,
    metadata,
    offset,
    on_disk,
    patch,
    put,
    send,
    sha256,
    text,
)  # fmt: skip

MIB = 1 << 20
GIB = 1 << 30


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../x.txt", "/etc/passwd", "..\\x.txt", "a/../../x.txt", "C:\\x.txt", "..%2fx.txt", "%2fetc%2fpasswd", "x\0.txt", "..", "", "a/"],
    ids=range(11),
)  # fmt: skip
def test_U03_a_name_that_leaves_its_place_is_refused(stack, viewer, name):
    refused = begin(viewer, name, 10)
    assert (refused.status_code, code(refused)) == (400, "FILE_011")
    by_tus = viewer.post("/files/", headers={**TUS, "Upload-Length": "10", "Upload-Metadata": metadata(filename=name)})
    assert (by_tus.status_code, code(by_tus)) == (400, "FILE_011")
    if name:
        assert begin(viewer, "x.txt", 10, folder=name).status_code == (201 if name == "a/" else 400)


def test_U03_no_other_file_can_be_named_by_a_key_or_an_id(stack, viewer):
    token = f"Authorization: {viewer.headers['Authorization']}"
    for key in ("../keys/master.key", "users/../../keys/master.key", "media/../../keys/master.key", "keys/master.key"):
        for request in (f"GET /v1/files/metadata/{key}", f"DELETE /v1/files/{key}"):
            answer = stack.raw(f"{request} HTTP/1.1\r\nHost: localhost\r\n{token}\r\n\r\n".encode(), quiet_seconds=0.3)
            assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 405")), answer[:200]
    for upload in ("..", "../../keys", "%2e%2e", "incoming"):
        assert put(viewer, upload, 1, b"x").status_code == 404
    assert (stack.data / "keys/master.key").exists()


HOSTILE = ["new\nline.txt", "cr\r\nlf.txt", 'quo"te.txt', "right\u202eleft.txt", "caf\u00e9.txt", "cafe\u0301.txt",
           "x" * 251 + ".txt", "\U0001f600.txt", "-i.txt", "CON.txt", "dot..txt", "<!--#include file.txt"]  # fmt: skip


def test_U04_hostile_names_are_data(stack, viewer):
    """Stored as they came, under names of the server's own; nothing of them reaches a header unquoted."""
    for seed, name in enumerate(HOSTILE):
        done = send(viewer, name, text(100, 100 + seed))
        assert viewer.get(f"/v1/files/metadata/{done['key']}").json()["filename"] == name
        answer = viewer.get(f"/api/media/{done['media_id']}/original")
        assert answer.content == text(100, 100 + seed)
        disposition = answer.headers["Content-Disposition"]
        assert disposition.isascii() and disposition.count('"') == 2 and "202e" not in disposition.lower()
        assert (stack.data / "files" / done["key"]).name == done["media_id"]


# --- before a byte is stored ----------------------------------------------------------------------


def largest_incoming(stack, head: bytes, seconds: float = 1.5) -> tuple[int, bytes]:
    """Send this head and then bytes until the answer comes or `seconds` are over; the most that was stored meanwhile."""
    context = ssl.create_default_context(cafile=stack.data / "tls" / "certificate.pem")
    most, answer, deadline = 0, b"", time.monotonic() + seconds
    with (
        socket.create_connection(("localhost", stack.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        secure.sendall(head)
        secure.settimeout(0.05)
        while time.monotonic() < deadline:
            try:
                secure.sendall(bytes(64 << 10))
                answer += secure.recv(65536)
            except TimeoutError:
                pass
            except OSError:
                break
            most = max(most, incoming(stack))
    return most, answer


@pytest.mark.parametrize("expect", ["", "Expect: 100-continue\r\n"], ids=["plain", "expect"])
@pytest.mark.parametrize("cookie", ["", "Cookie: __Host-sluice=e30.e30.e30\r\n"], ids=["none", "forged"])
@pytest.mark.parametrize(
    "target", ["POST /v1/files/part?upload_id=" + "0" * 32, "PATCH /files/" + "0" * 32, "POST /files/"]
)
def test_U11_ten_gigabytes_without_a_right_are_refused_unstored(stack, target, cookie, expect):
    head = (
        f"{target} HTTP/1.1\r\nHost: localhost\r\n{cookie}{expect}Tus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {10 * GIB}\r\n\r\n"
    )
    most, answer = largest_incoming(stack, head.encode())
    assert most < MIB
    answer = answer.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")  # to throw away what comes, not to store it
    assert answer[:12] in (b"HTTP/1.1 401", b"HTTP/1.1 404", b"HTTP/1.1 413", b""), answer[:200]
    wait_until(lambda: incoming(stack) == 0, 60)


def test_U11_more_than_was_announced_is_refused_unstored(stack, viewer, uploader):
    upload = begin(viewer, "small.txt", 1000).json()["upload_id"]
    token = viewer.headers["Authorization"]
    head = (
        f"POST /v1/files/part?upload_id={upload}&part=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n"
    )
    most, answer = largest_incoming(stack, f"{head}Content-Length: {10 * GIB}\r\n\r\n".encode())
    assert most < MIB and answer.startswith(b"HTTP/1.1 413")
    most, answer = largest_incoming(stack, f"{head}Transfer-Encoding: chunked\r\n\r\n40000\r\n".encode())
    assert most < MIB and answer.startswith(b"HTTP/1.1 400")
    assert not on_disk(stack, upload)


# --- quotas ---------------------------------------------------------------------------------------


def test_U10_fifty_uploads_at_once_never_pass_the_quota(stack):
    person = Person(stack, quota=100_000)
    client = person.client()
    send(client, "ninety.txt", text(90_000, 40))
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: begin(person_client(client), f"{n}.txt", 3000), range(50)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [413] * 47
    assert {code(answer) for answer in answers if answer.status_code == 413} == {"LIMIT_004"}
    assert client.get("/v1/files/quota").json() == {"used": 90_000, "reserved": 9000, "limit": 100_000}
    assert create(client, 3000, filename="tus.txt").status_code == 413  # the other plane has the same
    begun = next(answer.json()["upload_id"] for answer in answers if answer.status_code == 201)
    client.delete(f"/v1/files/upload/{begun}")
    assert create(client, 3000, filename="tus.txt").status_code == 201


def person_client(client):
    """A connection of its own with the same credential."""
    other = type(client)(client._url, client.verify)
    other.headers.update(client.headers)
    return other


def test_U10_deleting_frees_room_and_a_declared_size_is_held_to(stack):
    person = Person(stack, quota=10_000)
    client = person.client()
    done = send(client, "full.txt", text(10_000, 41))
    assert begin(client, "more.txt", 1).status_code == 413
    assert client.delete(f"/v1/files/{done['key']}").status_code == 204
    assert client.get(f"/api/media/{done['media_id']}/original").status_code == 404
    # Its import may be under way: then the processor removes it, once that has stopped.
    wait_until(lambda: not (stack.data / "files" / done["key"]).exists())
    wait_until(lambda: client.get("/v1/files/quota").json()["used"] == 0)
    upload = begin(client, "sparse.txt", 10_000, mode="chunked").json()["upload_id"]
    for number in (1, 7, 90_000):
        put(client, upload, number, text(4000))
    assert sum(path.stat().st_size for path in on_disk(stack, upload)) <= 10_000


# --- what is left behind --------------------------------------------------------------------------


def test_U08_the_janitor_takes_what_belongs_to_nobody_and_nothing_else(stack, viewer):
    live = create(viewer, 3000, filename="alive.txt").headers["Location"]
    patch(viewer, live, 0, text(1000))
    expired = create(viewer, 3000, filename="expired.txt").headers["Location"]
    patch(viewer, expired, 0, text(1000))
    reserved = viewer.get("/v1/files/quota").json()["reserved"]
    stack.query(f"UPDATE uploads SET expires_at = now() - interval '1 second' WHERE id = '{expired[7:]}'")
    orphan = stack.data / "spool" / uuid.uuid4().hex
    orphan.mkdir()
    (orphan / "data").write_bytes(b"left")
    os.chown(orphan, stack.data.stat().st_uid, stack.data.stat().st_gid)
    left, fresh = stack.data / "spool/incoming/9990000001", stack.data / "spool/incoming/9990000002"
    for path in (left, fresh):
        path.write_bytes(b"left by an Nginx that was killed")
    old = time.time() - 3600
    for path in (orphan, left, stack.data / "spool" / live[7:]):
        os.utime(path, (old, old))
    wait_until(lambda: not left.exists() and not orphan.exists(), 90)
    assert not (stack.data / "spool" / expired[7:]).exists()
    assert viewer.get("/v1/files/quota").json()["reserved"] == reserved - 3000
    assert fresh.exists() and len(on_disk(stack, live)) == 1
    fresh.unlink()
    assert patch(viewer, live, 1000, text(3000)[1000:]).status_code == 204


def test_U08_clients_that_leave_leave_nothing(stack, viewer):
    url = create(viewer, 5 * MIB, filename="left.txt").headers["Location"]
    head = (
        f"PATCH {url} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {5 * MIB}\r\n\r\n"
    )
    for _ in range(10):
        stack.send_and_leave(head.encode() + bytes(MIB))
    wait_until(lambda: incoming(stack) == 0, 60)
    assert not on_disk(stack, url)


# --- a full disk ----------------------------------------------------------------------------------


@pytest.fixture
def small_spool(stack):
    """For the length of a test the spool has a disk of 8 MiB; returns what changes its size."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    spool, owner = stack.data / "spool", stack.data.stat()
    options = f"mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={8 * MIB},{options}", "spool", spool], check=True)
    try:
        (spool / "incoming").mkdir()
        os.chown(spool / "incoming", owner.st_uid, owner.st_gid)
        yield lambda size: subprocess.run(["mount", "-o", f"remount,size={size}", spool], check=True)
    finally:
        subprocess.run(["umount", "-l", spool], check=True)


def test_U09_a_full_disk_is_said_and_the_upload_goes_on_once_there_is_room(stack, viewer, small_spool):
    content = text(7 * MIB, 50)
    url = create(viewer, len(content), filename="full.txt").headers["Location"]
    assert patch(viewer, url, 0, content[: 3 * MIB]).status_code == 204
    full = patch(viewer, url, 3 * MIB, content[3 * MIB :])  # Nginx has room for it, but not control for a copy
    assert (full.status_code, code(full)) == (507, "SYSTEM_005")
    reached = offset(viewer, url)
    assert 3 * MIB <= reached < 7 * MIB and reached == on_disk(stack, url)[0].stat().st_size and incoming(stack) == 0
    (stack.data / "spool/filler").write_bytes(bytes(8 * MIB - reached - 65536))
    full = patch(viewer, url, reached, content[reached:])  # nor has Nginx
    assert (full.status_code, code(full)) == (507, "SYSTEM_005")
    assert offset(viewer, url) == reached and incoming(stack) == 0
    small_spool(64 * MIB)
    assert patch(viewer, url, reached, content[reached:]).status_code == 204
    done = viewer.get(f"/v1/files/upload/{url[7:]}").json()
    assert viewer.get(f"/v1/files/metadata/{done['key']}").json()["sha256"] == sha256(content)

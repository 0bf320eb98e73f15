"""Plane two: tus 1.0.0, by hand and by the two clients that people use, killed and resumed."""

from __future__ import annotations

import base64
import hashlib
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.people import wait_until
from tests.e2e.uploads.clients import BODY, TUS, code, create, incoming, offset, on_disk, patch, progress, sha256, text
from tests.stack import REPO

MIB = 1 << 20


def test_what_the_server_can_do(stack):
    answer = stack.session(None).options("/files/")
    assert (answer.status_code, answer.headers["Tus-Version"]) == (204, "1.0.0")
    assert set(answer.headers["Tus-Extension"].split(",")) == {
        "creation", "creation-with-upload", "checksum", "termination", "expiration", "concatenation",
    }  # fmt: skip
    assert {"sha1", "sha256"} <= set(answer.headers["Tus-Checksum-Algorithm"].split(","))


def test_another_version_or_none_is_refused(stack, viewer):
    for version in ({}, {"Tus-Resumable": "0.2.2"}):
        answer = viewer.post("/files/", headers={"Upload-Length": "5", **version})
        assert (answer.status_code, answer.headers["Tus-Version"]) == (412, "1.0.0")


def test_a_file_chunk_by_chunk(stack, viewer):
    content = text(10_000, 20)
    begun = create(viewer, len(content), filename="tus.txt", folder="Notes", visibility="library")
    url = begun.headers["Location"]
    assert begun.status_code == 201 and "Upload-Expires" in begun.headers
    assert offset(viewer, url) == 0
    for at in range(0, 10_000, 4000):
        answer = patch(viewer, url, at, content[at : at + 4000])
        assert answer.status_code == 204
        assert int(answer.headers["Upload-Offset"]) == min(at + 4000, 10_000) == offset(viewer, url)
    done = progress(viewer, url[7:])
    assert done["state"] == "completed"
    assert viewer.get(f"/api/media/{done['media_id']}/original").content == content
    known = viewer.get(f"/v1/files/metadata/{done['key']}").json()
    assert (known["filename"], known["folder"], known["visibility"]) == ("tus.txt", "Notes", "library")


def test_its_first_bytes_may_come_with_the_creation(stack, viewer):
    content = text(3000, 21)
    begun = create(viewer, 3000, headers=BODY, data=content[:1000], filename="with.txt")
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "1000")
    assert patch(viewer, begun.headers["Location"], 1000, content[1000:]).status_code == 204
    whole = create(viewer, 3000, headers=BODY, data=content, filename="whole.txt")
    assert whole.headers["Upload-Offset"] == "3000"
    assert progress(viewer, whole.headers["Location"][7:])["state"] == "completed"


def test_U06_one_writer_and_a_wrong_offset_changes_nothing(stack, viewer):
    content = text(8 * MIB, 22)
    url = create(viewer, len(content), filename="writers.txt").headers["Location"]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: patch(viewer, url, 0, content[: 4 * MIB]), range(6)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] == 204 and set(statuses[1:]) <= {409, 413, 423}, statuses
    assert offset(viewer, url) == 4 * MIB == on_disk(stack, url)[0].stat().st_size
    assert code(patch(viewer, url, 5 * MIB, content[5 * MIB :])) == "FILE_010"
    assert patch(viewer, url, 4 * MIB, content[4 * MIB :]).status_code == 204
    assert stack.query("SELECT encode(sha256, 'hex') FROM media WHERE name = 'writers.txt'") == sha256(content)
    assert incoming(stack) == 0


def test_U06_a_writer_that_was_killed_holds_nobody_up_for_long(stack, viewer):
    url = create(viewer, 2000, filename="killed.txt").headers["Location"]
    held = "UPDATE uploads SET writer = gen_random_uuid(), writing_until = now() + interval '{}' WHERE id = '{}'"
    stack.query(held.format("1 hour", url[7:]))
    locked = patch(viewer, url, 0, text(1000))
    assert (locked.status_code, code(locked)) == (423, "FILE_009")
    stack.query(held.format("-1 second", url[7:]))
    assert patch(viewer, url, 0, text(1000)).status_code == 204


def test_U06_a_chunk_that_breaks_off_leaves_the_offset_true(stack, viewer):
    content = text(6 * MIB, 23)
    url = create(viewer, len(content), filename="broken.txt").headers["Location"]
    assert patch(viewer, url, 0, content[:MIB]).status_code == 204
    head = (
        f"PATCH {url} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {MIB}\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {5 * MIB}\r\n\r\n"
    )
    stack.send_and_leave(head.encode() + content[MIB : 3 * MIB])
    assert offset(viewer, url) == MIB == on_disk(stack, url)[0].stat().st_size
    assert patch(viewer, url, MIB, content[MIB:]).status_code == 204
    assert stack.query("SELECT encode(sha256, 'hex') FROM media WHERE name = 'broken.txt'") == sha256(content)
    wait_until(lambda: incoming(stack) == 0)


def test_U06_checksums(stack, viewer):
    content = text(3000, 24)
    url = create(viewer, 3000, filename="sums.txt").headers["Location"]

    def sum_of(name: str, part: bytes) -> str:
        return f"{name} {base64.b64encode(hashlib.new(name, part).digest()).decode()}"

    wrong = patch(viewer, url, 0, content[:1000], **{"Upload-Checksum": sum_of("sha1", b"other")})
    assert (wrong.status_code, code(wrong)) == (460, "FILE_008")
    assert offset(viewer, url) == 0 and not on_disk(stack, url)
    for at, name in ((0, "sha1"), (1000, "sha256"), (2000, "md5")):
        part = content[at : at + 1000]
        assert patch(viewer, url, at, part, **{"Upload-Checksum": sum_of(name, part)}).status_code == 204
    assert code(patch(viewer, url, 0, b"x", **{"Upload-Checksum": "crc99 AAAA"})) in ("FILE_001", "FILE_006")


def test_termination(stack, viewer):
    url = create(viewer, 3000, filename="ended.txt").headers["Location"]
    patch(viewer, url, 0, text(1000))
    assert viewer.delete(url, headers=TUS).status_code == 204
    assert viewer.head(url, headers=TUS).status_code == 404
    assert not (stack.data / "spool" / url[7:]).exists()


def test_concatenation(stack, viewer):
    parts = [text(1000 + n, 30 + n) for n in range(3)]
    before = viewer.get("/v1/files/quota").json()
    with ThreadPoolExecutor(3) as pool:
        urls = list(pool.map(lambda part: create(viewer, len(part), headers={"Upload-Concat": "partial"}).headers["Location"], parts))
        early = viewer.post("/files/", headers={**TUS, "Upload-Concat": "final;" + " ".join(urls)})
        assert code(early) == "FILE_007"
        assert {a.status_code for a in pool.map(lambda one: patch(viewer, one[0], 0, one[1]), zip(urls, parts, strict=True))} == {204}
    described = create(viewer, 0, headers={"Upload-Concat": "final;" + " ".join(urls)}, filename="joined.txt")
    assert described.status_code == 201, described.text
    done = progress(viewer, described.headers["Location"][7:])
    assert viewer.get(f"/api/media/{done['media_id']}/original").content == b"".join(parts)
    after = viewer.get("/v1/files/quota").json()
    assert (after["used"] - before["used"], after["reserved"]) == (3003, before["reserved"])
    assert viewer.head(urls[0], headers=TUS).status_code == 404


def test_the_length_must_be_known_and_metadata_be_base64(stack, viewer):
    deferred = viewer.post("/files/", headers={**TUS, "Upload-Defer-Length": "1"})
    assert (deferred.status_code, code(deferred)) == (400, "FILE_001")
    bad = viewer.post("/files/", headers={**TUS, "Upload-Length": "5", "Upload-Metadata": "filename ***"})
    assert (bad.status_code, code(bad)) == (400, "FILE_001")
    assert viewer.patch("/files/" + "0" * 32, headers={**TUS, "Upload-Offset": "0"}, data=b"x").status_code == 404


# --- the clients that people use, killed and resumed ----------------------------------------------

TUSPY = """
import sys
from tusclient import client
from tusclient.storage import filestorage
url, token, path, store, chunk = sys.argv[1:]
tus = client.TusClient(url + "/files/", headers={"Authorization": "Bearer " + token})
up = tus.uploader(path, chunk_size=int(chunk), store_url=True, url_storage=filestorage.FileStorage(store),
                  retries=20, retry_delay=1, metadata={"filename": path.rsplit("/", 1)[-1]}, verify_tls_cert=False)
up.upload()
"""
TUS_JS = """
const tus = require('tus-js-client'); const fs = require('fs');
const [url, token, path, store, chunk] = process.argv.slice(2);
const file = fs.createReadStream(path);
const up = new tus.Upload(file, {
  endpoint: url + '/files/', chunkSize: Number(chunk), headers: {Authorization: 'Bearer ' + token},
  metadata: {filename: path.split('/').pop()}, uploadSize: fs.statSync(path).size,
  urlStorage: new tus.FileUrlStorage(store), retryDelays: [0, 500, 1000, 2000, 3000, 3000, 3000],
  fingerprint: async () => path,
  onError: e => { console.error(String(e)); process.exit(1); }, onSuccess: () => process.exit(0),
});
up.findPreviousUploads().then(found => { if (found.length) up.resumeFromPreviousUpload(found[0]); up.start(); });
"""


def run_client(which: str, place: Path, arguments: list[str], log: Path) -> subprocess.Popen:
    if which == "tuspy":
        script = place / "tuspy.py"
        script.write_text(TUSPY)
        command = [sys.executable, "-W", "ignore", script, *arguments]
    else:
        script = place / "client.js"
        script.write_text(TUS_JS)
        command = ["node", script, *arguments]
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "NODE_PATH": str(REPO / "templates/node_modules"),
                   "NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_NO_WARNINGS": "1"}  # fmt: skip
    return subprocess.Popen(command, env=environment, stdout=log.open("a"), stderr=subprocess.STDOUT)


def killed_and_resumed(stack, uploader, which: str, place: Path, size: int, kills: int, chunk: int) -> None:
    """Upload a file of `size` bytes; the client is killed (SIGKILL) at `kills` random places."""
    path = place / f"{which}-{size}.txt"
    block = text(MIB, size)
    with path.open("wb") as file:
        for n in range(size // MIB):
            file.write(n.to_bytes(8, "big").hex().encode() + block[16:])
    arguments = [stack.url, uploader.token(), str(path), str(place / "urls.json"), str(chunk)]
    wanted = hashlib.file_digest(path.open("rb"), "sha256").hexdigest()
    log = place / "log"
    places = sorted(random.sample(range(chunk, size - 2 * chunk), kills))
    for at in places:
        running = run_client(which, place, arguments, log)
        while received(stack, uploader) < at and running.poll() is None:
            time.sleep(0.02)
        assert running.poll() is None, log.read_text()
        running.send_signal(signal.SIGKILL)
        running.wait()
    before = received(stack, uploader)
    assert before > 0
    assert run_client(which, place, arguments, log).wait(timeout=280) == 0, log.read_text()
    found = stack.query(f"SELECT encode(sha256, 'hex') FROM media WHERE name = '{path.name}' AND owner_id = '{uploader.id}'")
    assert found == wanted
    path.unlink()


def received(stack, uploader) -> int:
    live = stack.query(f"SELECT id FROM uploads WHERE owner_id = '{uploader.id}' AND state = 'receiving' AND name LIKE 'tus%-%.txt'")
    return sum(path.stat().st_size for one in live.splitlines() for path in on_disk(stack, one) if path.name == "data")


@pytest.mark.parametrize("which", ["tuspy", "tus-js-client"])
def test_a_client_that_is_killed_goes_on_where_it_was(stack, uploader, tmp_path, which):
    killed_and_resumed(stack, uploader, which, tmp_path, 30 * MIB, 2, 2 * MIB)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("which", ["tuspy", "tus-js-client"])
def test_two_gigabytes_and_ten_kills(stack, uploader, tmp_path, which):
    killed_and_resumed(stack, uploader, which, tmp_path, 2048 * MIB, 10, 16 * MIB)

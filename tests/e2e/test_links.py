"""Signed links through the real Nginx: /d by secure_link alone, /stream and /get by control (threats S07, S09)."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import urlsplit

import pytest

from tests.e2e.conftest import CANARY
from tests.e2e.originals import put
from tests.e2e.people import PASSWORD, add_user

FORMS = ("d", "stream", "get")


@pytest.fixture(scope="module")
def links(stack, shelved):
    client = stack.session()
    return {
        kind: urlsplit(client.post("/api/links", json={"media_id": shelved["id"], "kind": kind, "ttl": 600}).json()["url"])
        for kind in FORMS
    }  # fmt: skip


def path_of(url):
    return url.path + (f"?{url.query}" if url.query else "")


@pytest.mark.parametrize("kind", FORMS)
def test_a_link_needs_no_session_and_resumes(stack, links, kind):
    client, path = stack.session(None), path_of(links[kind])
    whole = client.get(path)
    assert whole.status_code == 200 and whole.content.startswith(CANARY) and whole.content.endswith(CANARY)
    size, etag = len(whole.content), whole.headers["ETag"]
    part = client.get(path, headers={"Range": "bytes=10-19", "If-Range": etag})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{size}"
    tail = client.get(path, headers={"Range": f"bytes=-{len(CANARY)}"})
    assert tail.content == CANARY
    assert client.get(path, headers={"Range": f"bytes={size}-"}).status_code == 416
    changed = client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"other"'})
    assert changed.status_code == 200 and len(changed.content) == size
    head = client.head(path)
    assert head.headers["Content-Length"] == str(size) and head.headers["Accept-Ranges"] == "bytes"
    many = client.get(path, headers={"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 1600, 2))})
    assert len(many.content) == size  # not a 92-fold answer of 800 parts


def test_S09_a_forged_mac_opens_nothing(stack, links):
    client, url = stack.session(None), links["d"]
    _, _, kid, mac, expires, root, name = url.path.split("/")
    flipped = ("A" if mac[0] != "A" else "B") + mac[1:]
    for parts in (
        (kid, flipped, expires, root, name), (kid, mac[:-1], expires, root, name), (kid, mac + "A", expires, root, name),
        (kid, mac + "==", expires, root, name), (kid, mac, str(int(expires) + 1), root, name), (kid, "", expires, root, name),
        (kid, mac, expires, "gate", name), (kid, mac, expires, root, "other.mp3"), (kid, mac, expires, root, "../x"),
        ("k99", mac, expires, root, name), ("", mac, expires, root, name), ("K1", mac, expires, root, name),
        (kid, mac, "9" * 11, root, name), (kid, mac, "-" + expires[1:], root, name), (kid, mac, expires, root, name + "/x"),
    ):  # fmt: skip
        answer = client.get("/d/" + "/".join(parts))
        assert answer.status_code in (400, 403, 404) and CANARY not in answer.content, parts


@pytest.mark.parametrize("change", ["?x=1", "?", "%20", "%0a", "/"])
def test_S07_a_download_link_has_exactly_one_form(stack, links, change):
    raw = f"GET {links['d'].path}{change} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
    answer = stack.raw(raw, quiet_seconds=30)
    assert (b" 200 " not in answer.split(b"\r\n")[0] and CANARY not in answer) or change == "?"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "TRACE"])
def test_S07_a_link_is_for_reading(stack, links, method):
    for url in links.values():
        answer = stack.session(None).request(method, path_of(url))
        assert answer.status_code in (403, 405) and CANARY not in answer.content


def test_S07_a_link_of_one_kind_is_none_of_the_other(stack, links, shelved):
    client = stack.session(None)
    query, other = links["stream"].query, "1" if shelved["id"].startswith("0") else "0"
    for path in (f"/stream/{shelved['id']}", f"/stream/{shelved['id']}?{query}&x=1",
                 f"/stream/{shelved['id'].upper()}?{query}", f"/stream/{other}{shelved['id'][1:]}?{query}",
                 f"/stream/{shelved['id']}?{'&'.join(reversed(query.split('&')))}"):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 403 and answer.json()["error"]["code"] == "SEC_003", path


def test_S07_a_get_link_has_exactly_one_form(stack, links, shelved):
    path, query = links["get"].path, links["get"].query
    key = path.removeprefix("/get/")
    for changed in (
        path, f"{path}?{query}&x=1", f"{path}?{'&'.join(reversed(query.split('&')))}", f"{path}=?{query}", f"{path}%3D?{query}",
        f"/get/%{ord(key[0]):02x}{key[1:]}?{query}", f"/get/{key.swapcase()}?{query}", f"/GET/{key}?{query}", f"/get//{key}?{query}",
        f"/get/{key}/?{query}", f"/get/{key};x?{query}", f"/get/./{key}?{query}", f"/x/../get/{key}?{query}",
        f"/get/{shelved['id']}?{query}", f"{path}?{query.upper()}", f"{path}?{query}%20", f"{path}?{links['stream'].query}",
        f"{path}?{query.replace('exp=', 'exp=%30')}", f"{path}?{query.replace('exp=', 'exp=-')}", f"/get/?{query}",
    ):  # fmt: skip
        raw = f"GET {changed} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        answer = stack.raw(raw, quiet_seconds=30)
        assert answer.split()[1] in (b"400", b"403", b"404") and CANARY not in answer, changed


@pytest.mark.parametrize("kind", FORMS)
def test_S09_expiry_is_honoured_to_the_second(stack, shelved, kind):
    """Whatever was asked before that second is answered, and whatever after it is refused."""
    made = stack.session().post("/api/links", json={"media_id": shelved["id"], "kind": kind, "ttl": 3}).json()["url"]
    expires = int(re.search(r"(?<=[/=])\d{10}(?=[/&])", made)[0])
    stranger, over = stack.session(None), False
    while not over:
        asked = time.time()
        answer = stranger.get(made)
        assert answer.status_code == 200 or time.time() >= expires
        over = asked >= expires + 1
        time.sleep(0.2)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "SEC_004")


def test_S09_a_prefix_opens_its_own_media_alone(stack, film, photo):
    client = stack.session()
    playlist = [line for line in client.get(f"/api/media/stream/{film['id']}").text.splitlines() if "/360p/" in line][0]
    assert client.get(playlist).status_code == 200
    for changed in (
        playlist.replace(film["id"], photo["id"]), re.sub("/k[0-9]+/", "/k99/", playlist),
        playlist.replace("index.m3u8", "index.m3u8.part"), playlist.replace("360p/index.m3u8", "manifest.json"),
        playlist.replace("360p/index.m3u8", "image.webp.enc"), playlist.replace("360p/", "../"), playlist + "?x=1",
        playlist.replace("360p", "999p"), playlist + "%0a",
    ):  # fmt: skip
        raw = f"GET {changed} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
        assert stack.raw(raw, quiet_seconds=30).split()[1] in (b"400", b"403", b"404"), changed


def test_the_command_mints_the_same_links(stack, shelved):
    for kind in FORMS:
        printed = stack.sluice("link", "mint", shelved["id"], "--kind", kind, "--ttl", "60").strip().splitlines()[-1]
        url = next(word for word in printed.split() if word.startswith("https://"))
        assert stack.session(None).get(url).content.startswith(CANARY)


def test_a_link_to_ciphertext_is_refused_with_a_sentence(stack, film):
    answer = stack.session().post("/api/links", json={"media_id": film["id"], "kind": "d", "ttl": 60})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "MEDIA_008")


def test_the_upload_services_clients_ask_for_a_signed_address_by_key(stack, shelved):
    client = stack.session()
    answer = client.get("/v1/files/signed-url", params={"key": f"media/{shelved['id']}", "ttl": 60})
    assert answer.status_code == 200 and "/get/" in answer.json()["url"]
    assert stack.session(None).get(answer.json()["url"]).content.startswith(CANARY)
    for key, status in (("media/" + "0" * 8 + shelved["id"][8:], 404), (shelved["id"], 404), ("", 404), ("../x", 404)):
        assert client.get("/v1/files/signed-url", params={"key": key}).status_code == status, key
    assert client.get("/v1/files/signed-url").status_code == 400
    assert client.get("/v1/files/signed-url", params={"key": f"media/{shelved['id']}", "ttl": 0}).status_code == 400


def test_S03_nobody_gets_an_address_of_what_they_may_not_see(stack):
    placed, bob = put(stack, "stored", "hers.txt", CANARY, "text/plain"), stack.session(add_user(stack), PASSWORD)
    stack.query(f"UPDATE media SET visibility = 'private' WHERE id = '{placed.id}'")
    refused = bob.get("/v1/files/signed-url", params={"key": placed.key})
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "MEDIA_001")
    url = stack.session().get("/v1/files/signed-url", params={"key": placed.key}).json()["url"]
    assert stack.session(None).get(url).content == CANARY
    # A stored file has one key.
    assert stack.session().get("/v1/files/signed-url", params={"key": f"media/{placed.id}"}).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"media_id": "x", "kind": "d"}, {"kind": "zip"}, {"media_id": 7, "kind": "d"}, [], "x", None]
)
def test_a_bad_request_for_a_link_is_told_what_is_wrong(stack, body):
    answer = stack.session().post("/api/links", data=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "FILE_001"


def test_O03_no_signature_reaches_the_log(stack, links):
    start, agent = len(stack.deliveries()), {"User-Agent": "o03"}
    stack.session(None).get(path_of(links["d"]), headers=agent)
    stack.session(None).get(path_of(links["stream"]), headers=agent)
    assert len(stack.wait_for_deliveries(start, lambda line: line["agent"] == "o03", 2)) == 2
    log = (stack.data / "logs/access.log").read_text(errors="replace")
    assert links["d"].path.split("/")[3] not in log and links["stream"].query.split("sig=")[1] not in log

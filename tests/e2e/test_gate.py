"""The gate under attack, by raw sockets: HTTP clients normalise paths and would hide these bugs (threats G01..G14)."""

from __future__ import annotations

import itertools
import json
import re

import pytest
import requests

from tests.e2e.conftest import CANARY
from tests.e2e.people import wait_until
from tests.e2e.test_outages import nginx_workers


@pytest.fixture(scope="module")
def gated(stack):
    """A file behind auth_request, with a canary."""
    stack.place(b"secret " + CANARY, stack.data / "gate" / "secret.txt")
    return "/gate/secret.txt"


@pytest.fixture(scope="module")
def cookie(stack):
    return "__Host-sluice=" + stack.session().cookies["__Host-sluice"]


def request(target: str | bytes, *headers: str, method: str = "GET") -> bytes:
    raw = target if isinstance(target, bytes) else target.encode("latin-1")
    lines = ["Host: localhost", "Connection: close", *headers]
    return method.encode() + b" " + raw + b" HTTP/1.1\r\n" + "\r\n".join(lines).encode() + b"\r\n\r\n"


def status(answer: bytes) -> int:
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(found[1]) if found else 0


def private_paths(film, shelved) -> list[str]:
    return [
        f"/api/media/{shelved['id']}/original", f"/api/media/stream/{shelved['id']}",
        f"/api/media/thumbnail/{film['id']}", f"/api/media/stream/{film['id']}", "/gate/secret.txt", "/library",
        f"/watch/{film['id']}", "/api/media/library",
    ]  # fmt: skip


def spellings(path: str) -> list[str]:
    """Other ways to write a path that a server might take for it."""
    head, _, tail = path.rpartition("/")
    first = path[1]
    return [
        f"/{path}", f"//{path}", f"{head}//{tail}", f"{head}/./{tail}", f"{head}/z/../{tail}", f"{head}/%2e/{tail}",
        f"{head}/z/%2e%2e/{tail}", f"/static/..%2f{path[1:]}", f"/static/../{path[1:]}", f"/static/%2e%2e{path}",
        f"/%{ord(first):02x}{path[2:]}", f"/%{ord(first):02X}{path[2:]}", path.upper(), path.title(), f"{path};x",
        f"{path}%3bx", f"{path}/.", f"{path}.", f"{path}/", f"{path}%20", f"{path}%0a", f"{path}%09",
        f"{path}%252e", path.replace("/", "%252f"), path.replace("/", "%2f"), path.replace("/", "\\"),
        f"/static/..%252f{path[1:]}", f"{head}/..;/{path[1:]}", f"http://localhost{path}", f"{path}?x=1",
        f"{path}%3fx=1", f"/hls/..{path}", f"/d/..{path}", f"/stream/..%2f{path[1:]}",
    ]  # fmt: skip


def test_G01_no_spelling_of_a_private_path_opens_it(stack, gated, film, shelved):
    for path in private_paths(film, shelved):
        for spelling in [path, *spellings(path)]:
            answer = stack.raw(request(spelling, "Accept: */*"))
            assert CANARY not in answer, spelling
            assert status(answer) in (301, 400, 401, 403, 404, 405), (spelling, answer[:200])


TOKENS = ["/", "//", "..", ".", "%2e%2e", "%2f", "gate", "secret.txt", ";", "%00", "\\", "static", "_sluice"]


def test_G01_products_of_path_tokens_open_nothing(stack, gated):
    """All products of up to two tokens after the gate, and of three after the root, in one connection each."""
    paths = ["/gate/" + "".join(p) for n in (1, 2) for p in itertools.product(TOKENS, repeat=n)]
    paths += ["/" + "".join(p) for p in itertools.product(TOKENS, repeat=2)]
    for batch in itertools.batched(paths, 40) if hasattr(itertools, "batched") else batches(paths, 40):
        pipeline = b"".join(request(path).replace(b"Connection: close", b"X-Pipelined: 1") for path in batch)
        answer = stack.raw(pipeline + request("/healthz"), quiet_seconds=0.5)
        assert CANARY not in answer


def batches(items, size):
    for start in range(0, len(items), size):
        yield items[start : start + size]


def test_G01_the_verifier_decides_on_the_path_that_is_served(stack, gated, cookie):
    """With a session, every spelling that is served was decided as what it is."""
    for spelling in ("/gate/secret.txt", "/gate//secret.txt", "/x/..%2fgate/secret.txt", "/gate/%73ecret.txt"):
        assert CANARY in stack.raw(request(spelling, f"Cookie: {cookie}")), spelling
    lines = stack.wait_for_deliveries(0, lambda line: line["target"] == "gate" and line["status"] == 200, 4)
    assert len(lines) >= 4 and {line["verdict"].split()[1] for line in lines} == {"role"}


INTERNAL = [
    "/_sluice/", "/_sluice/auth", "/_sluice/key/{grant}/{media}/360p/0", "/_sluice/vault/{media}/360p/index.m3u8",
    "/_sluice/vault/{media}/image.webp.enc", "/_sluice/vault/{media}/manifest.json", "/_sluice/mounts/shelf/song.mp3",
    "/_sluice/originals/{media}/original", "/_sluice/mounts/originals/00/{media}/original", "/_sluice/error/403",
    "/_sluice/linked/shelf/song.mp3", "/_sluice/linked/originals/00/{media}/original",
    "/vault/{media}/360p/index.m3u8", "/keys/master.key", "/static/../keys/master.key", "/static../keys/master.key",
]  # fmt: skip


@pytest.mark.parametrize("pattern", INTERNAL)
def test_G10_what_is_internal_does_not_exist_outside(stack, film, cookie, pattern):
    path = pattern.format(media=film["id"], grant="0" * 32)
    for spelling in (path, "/" + path, path.replace("_", "%5f"), path.replace("/_sluice", "/x/..%2f_sluice")):
        answer = stack.raw(request(spelling, f"Cookie: {cookie}"))
        assert status(answer) in (400, 404), (spelling, answer[:200])


def test_G06_accel_and_identity_headers_of_a_client_are_ignored(stack, gated, shelved):
    for header in (
        "X-Accel-Redirect: /_sluice/mounts/shelf/song.mp3", "X-Accel-Expires: 0", "X-Sluice-Internal: 1",
        "X-Sluice-Verdict: admin role", "X-Original-URI: /healthz", "X-Rewrite-URL: /healthz",
    ):  # fmt: skip
        for path in ("/gate/secret.txt", f"/api/media/{shelved['id']}/original", "/_sluice/auth"):
            answer = stack.raw(request(path, header))
            assert CANARY not in answer and status(answer) in (401, 404), (path, header)


def test_G07_names_that_mean_harm_are_delivered_byte_for_byte(stack):
    client = stack.session()
    names = ["a%2e%2e%2fb.mp3", "a?b.mp3", "a#b.mp3", "a%b.mp3", "é.mp3", "new\nline.mp3", "a b+c&d.mp3", "%.mp3",
             "-i.mp3", "concat:a.mp3", '"q".mp3']  # fmt: skip
    for number, name in enumerate(names):
        stack.place(f"content {number}".encode(), stack.data / "shelf" / name)
    stack.sluice("ready")
    for number, name in enumerate(names):
        media = stack.wait_for_media(name)
        links = [
            client.post("/api/links", json={"media_id": media["id"], "kind": kind, "ttl": 60})
            for kind in ("d", "stream")
        ]
        assert [link.status_code for link in links] == [400 if "\n" in name else 201, 201]
        for url in (f"/api/media/{media['id']}/original", *(link.json()["url"] for link in links if link.ok)):
            answer = client.get(url)
            assert (answer.status_code, answer.content) == (200, f"content {number}".encode()), (name, url)
            assert "\n" not in answer.headers.get("Content-Disposition", "")


def test_G07_a_symbolic_link_in_a_mount_leads_nowhere(stack):
    client = stack.session()
    stack.place(b"harmless", stack.data / "shelf" / "swap.mp3")
    media = stack.wait_for_media("swap.mp3")
    assert client.get(f"/api/media/{media['id']}/original").status_code == 200
    swapped = stack.data / "shelf" / "swap.mp3"
    swapped.unlink()
    swapped.symlink_to(stack.data / "keys" / "master.key")
    answers = []

    def refused() -> bool:
        """open_file_cache_valid: for a second the file is served that was there."""
        answers.append(client.get(f"/api/media/{media['id']}/original"))
        return answers[-1].status_code in (403, 404)

    wait_until(refused, what="the link is followed")
    swapped.unlink()
    secret = (stack.data / "keys/master.key").read_text().strip()
    assert all(secret not in answer.text and answer.status_code in (200, 403, 404) for answer in answers)


@pytest.mark.parametrize("location", ["/static", "/gate", "/hls", "/d", "/stream", "/api/media"])
@pytest.mark.parametrize("suffix", ["../", "..%2f", "..;/", "../keys/master.key", "..%2fkeys%2fmaster.key"])
def test_G09_no_alias_is_off_by_a_slash(stack, location, suffix, cookie):
    answer = stack.raw(request(location + suffix, f"Cookie: {cookie}", "Accept: */*"))
    assert status(answer) in (303, 400, 404), answer[:200]
    assert b"master" not in answer.split(b"\r\n\r\n", 1)[1]


FORGED = [
    "X-Real-IP: 203.0.113.9", "X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-User: admin",
    "X_Real_Ip: 203.0.113.9", "X-Sluice-Client: 203.0.113.9", "X-Forwarded-Host: evil.test", "SCRIPT_NAME: /x",
    "Script-Name: /x", "PATH_INFO: /healthz", "X-Forwarded-Proto: http", "X-Sluice-Request: forged",
]  # fmt: skip


def test_G12_addresses_and_identities_of_a_client_are_not_believed(stack):
    for header in FORGED:
        body = json.dumps({"username": "nobody", "password": "x"})
        answer = stack.raw(
            request(
                "/api/auth/login",
                header,
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                method="POST",
            )
            + body.encode()  # fmt: skip
        )
        assert status(answer) in (401, 429), (header, answer[:200])
        assert b"203.0.113.9" not in answer and b"forged" not in answer and b"evil.test" not in answer
    wait_until(lambda: int(stack.query("SELECT count(*) FROM audit WHERE event = 'sign_in_refused'")))
    assert stack.query("SELECT count(*) FROM audit WHERE address LIKE '203.0.113%' OR decision = 'forged'") == "0"


SMUGGLED = [
    b"POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\nTransfer-Encoding : chunked\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
]


@pytest.mark.parametrize("raw", SMUGGLED)
def test_G14_a_smuggled_request_is_refused_and_the_connection_closed(stack, raw):
    answer = stack.raw(raw + request("/healthz"), quiet_seconds=3)
    assert answer.count(b"HTTP/1.") == 1, answer[:400]
    assert status(answer) in (400, 501), answer[:200]


def test_G14_one_request_has_one_answer(stack):
    for raw in (
        request("/healthz", "Content-Length: 0"),
        b"HEAD /library HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nGET /",
        b"POST /api/auth/logout HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        b"2;ext=1\r\n{}\r\n0\r\n\r\n",
    ):
        assert stack.raw(raw).count(b"HTTP/1.1 ") == 1


OVERLONG = [
    "/hls/k1/{md5}/1999999999/{grant}/{media}/360p/", "/d/k1/{md5}/1999999999/shelf/", "/api/media/thumbnail/", "/gate/", "/stream/",
    "/api/auth/login", "/static/", "/_sluice/vault/",
]  # fmt: skip


def test_G15_overlong_and_odd_paths_kill_no_worker(stack, film, cookie):
    """Shapes that broke regex and rewrite code of Nginx (CVE-2026-42945, -9256, -42533): at every regex location."""
    workers = nginx_workers(stack)
    for pattern in OVERLONG:
        base = pattern.format(md5="a" * 22, grant="0" * 32, media=film["id"])
        for tail in (
            "A" * 349 + "+" * 969,
            "%2b" * 900,
            "%00" * 10,
            "a/" * 600 + "..",
            "\xff" * 500,
            "?" * 500,
            "%25" * 800,
            "A" * 7000,
        ):
            answer = stack.raw(request((base + tail).encode("latin-1"), f"Cookie: {cookie}"), quiet_seconds=0.5)
            assert status(answer) in (400, 401, 403, 404, 405, 414, 303, 0), (base, tail[:20], answer[:100])
            assert CANARY not in answer
    assert nginx_workers(stack) == workers
    assert b"signal" not in (stack.data / "logs/nginx-error.log").read_bytes()


def test_only_allowed_networks_are_answered(stack):
    """SEC_001 is the very first check; the rendered networks are those of the settings."""
    rendered = (stack.data / "nginx/nginx.conf").read_text()
    assert "10.0.0.0/8 1;" in rendered and "default 0;" in rendered and "SEC_001" in rendered


HEADERS = ["content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy",
           "cross-origin-opener-policy", "strict-transport-security"]  # fmt: skip


def test_T12_every_answer_carries_the_safety_headers(stack, film, shelved, gated, cookie):
    client = stack.session()
    original = f"/api/media/{shelved['id']}/original"
    answers = {
        200: client.get("/library", headers={"Accept": "text/html"}), 206: client.get(original, headers={"Range": "bytes=0-1"}),
        304: client.get(original, headers={"If-None-Match": client.get(original).headers["ETag"]}),
        401: stack.session(None).get("/gate/secret.txt"), 403: client.get("/d/k1/" + "a" * 22 + "/1999999999/shelf/x"),
        404: client.get("/static/none.css"), 405: client.put("/gate/secret.txt"),
        413: client.post("/api/links", data=b"x" * 2_000_000), 416: client.get(original, headers={"Range": "bytes=9999999-"}),
    }  # fmt: skip
    for expected, answer in answers.items():
        assert answer.status_code == expected, (expected, answer.status_code, answer.text[:200])
        for header in HEADERS:
            assert header in answer.headers, (expected, header)
        assert "unsafe-inline" not in answer.headers["content-security-policy"].split("script-src")[-1] or expected in (
            206,
            304,
        )


def test_nginx_answers_its_own_refusals_in_the_one_format(stack):
    for path, code in (("/hls/x", "FILE_002"), ("/d/k1/" + "a" * 22 + "/1999999999/shelf/x", "SEC_003")):
        error = stack.session(None).get(path).json()["error"]
        assert error["code"] == code and {"message", "details", "timestamp", "decision"} < error.keys()


def test_requests_library_would_have_hidden_these(stack):
    """Why this file uses sockets: the client itself rewrites the path."""
    prepared = requests.Request("GET", f"{stack.url}/a/../b").prepare()
    assert prepared.path_url != "/a/../b"

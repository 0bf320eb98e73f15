"""Pages of other origins (server.cors_origins): preflights, answers of every status, and a real player in a browser."""

from __future__ import annotations

import secrets

import pytest

from tests.e2e import browser as chrome
from tests.e2e.conftest import CANARY, make
from tests.e2e.originals import links
from tests.e2e.people import PASSWORD, add_user, bearer, sign_in

ALLOWED = "http://player.localhost:8080"  # of tests/stack.py
EXPOSED = {"content-range", "content-length", "accept-ranges"}  # source 4's
OTHERS = (
    "http://player.localhost",
    "https://player.localhost:8080",
    "http://player.localhost:8080.evil.test",
    "null",
    "*",
)
TUS_ASKED = ("Tus-Resumable", "Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Checksum", "Upload-Concat")
TUS_ANSWERED = (
    "Location", "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Upload-Offset", "Upload-Length",
    "Upload-Metadata", "Upload-Checksum", "Upload-Concat", "Upload-Expires",
)  # fmt: skip


@pytest.fixture(scope="module")
def addresses(stack, shelved) -> dict[str, str]:
    return links(stack.session(), shelved["id"])


@pytest.fixture(scope="module")
def token(stack) -> dict[str, str]:
    return bearer(sign_in(stack, add_user(stack))["access_token"])


def words(answer, name: str) -> set[str]:
    return {word.strip().lower() for word in answer.headers.get(name, "").split(",")} - {""}


def every_answer(stack, addresses, token, origin: str):
    """(what, answer) of each status that a page may get to see."""
    client, stream = stack.session(None), addresses["stream"]
    client.headers["Origin"] = origin
    tag = client.get(stream).headers["ETag"]
    for form, path in addresses.items():
        yield form, client.get(path)
        yield f"{form} part", client.get(path, headers={"Range": "bytes=0-3"})
        yield f"{form} not modified", client.get(path, headers={"If-None-Match": tag})
        yield f"{form} beyond", client.get(path, headers={"Range": "bytes=99999999-"})
        yield f"{form} HEAD", client.head(path)
        yield f"{form} forged", client.get(path.replace("sig=", "sig=x") if "sig=" in path else path + "x")
    for what, path, headers in (
        ("JSON", "/api/media/library", token), ("no credentials", "/api/media/library", {}), ("nowhere", "/api/none", {}),
        ("a page", "/login", {}), ("our own script", "/static/app.css", {}), ("expired", f"/d/k1/{'x' * 22}/1000000000/a/b", {}),
        ("no such film", f"/hls/k1/{'x' * 22}/9999999999/{'0' * 32}/{'0' * 8}-0000-4000-8000-{'0' * 12}/master.m3u8", {}),
    ):  # fmt: skip
        yield what, client.get(path, headers=headers)
    yield (
        "a mistake",
        stack.session(None).post(
            "/api/links", data="{", headers=token | {"Content-Type": "application/json", "Origin": origin}
        ),
    )


def test_every_answer_may_be_read_by_an_allowed_origin(stack, addresses, token):
    statuses = set()
    for what, answer in every_answer(stack, addresses, token, ALLOWED):
        statuses.add(answer.status_code)
        allowed = answer.raw.headers.getlist("Access-Control-Allow-Origin")
        assert allowed == [ALLOWED], (what, answer.status_code, allowed)
        assert words(answer, "Access-Control-Expose-Headers") >= EXPOSED, what
        assert {name.lower() for name in TUS_ANSWERED} <= words(answer, "Access-Control-Expose-Headers"), what
        assert "origin" in words(answer, "Vary"), what
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin", what
        assert "Access-Control-Allow-Credentials" not in answer.headers, what
        assert not any(name.startswith("Access-Control-Allow-Method") for name in answer.headers), what
    assert {200, 206, 304, 400, 401, 403, 404, 416} <= statuses


@pytest.mark.parametrize("origin", OTHERS)
def test_another_origin_reads_nothing(stack, addresses, token, origin):
    for what, answer in every_answer(stack, addresses, token, origin):
        assert not [name for name in answer.headers if name.startswith("Access-Control-")], what
        assert "origin" in words(answer, "Vary"), what


def test_an_answer_to_no_other_page_says_the_same_to_a_cache(stack, addresses):
    """Vary stands on the answer that a shared cache saw first, too."""
    answer = stack.session(None).get(addresses["get"])
    assert "origin" in words(answer, "Vary") and "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/stream/x", "/get/x", "/d/x", "/files/", "/files/1", "/v1/files/init", "/api/links"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PATCH", "DELETE"])
def test_a_preflight_is_answered_without_credentials(stack, path, method):
    asked = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,range"}
    answer = stack.session(None).options(path, headers={"Origin": ALLOWED} | asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == ALLOWED
    assert method.lower() in words(answer, "Access-Control-Allow-Methods")
    headers = words(answer, "Access-Control-Allow-Headers")
    assert {"authorization", "range", "content-type", *(name.lower() for name in TUS_ASKED)} <= headers
    other = stack.session(None).options(path, headers={"Origin": "https://evil.test"} | asked)
    assert not [name for name in other.headers if name.startswith("Access-Control-")]


@pytest.mark.parametrize("headers", [{}, {"Origin": ALLOWED}, {"Tus-Resumable": "1.0.0"}])
def test_an_OPTIONS_that_is_no_preflight_is_controls(stack, headers):
    """tus asks so what the server can do."""
    answer = stack.session(None).options("/api/media/library", headers=headers)
    assert "Allow" in answer.headers and "Access-Control-Allow-Methods" not in answer.headers


def test_a_page_of_an_allowed_origin_may_change_things_with_a_token_and_not_with_a_cookie(stack, shelved, token):
    cross = {"Origin": ALLOWED, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    body = {"media_id": shelved["id"], "kind": "get"}
    assert stack.session(None).post("/api/links", json=body, headers=cross | token).status_code == 201
    refused = stack.session(add_user(stack), PASSWORD).post("/api/links", json=body, headers=cross)
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "SEC_002")


def test_what_a_cookie_opens_is_shown_on_our_own_pages_alone(stack, shelved, addresses):
    """A signed link may be embedded anywhere; nothing that Nginx would read as another address passes for one."""
    client = stack.session()
    assert client.get(f"/api/media/{shelved['id']}/original").headers["Cross-Origin-Resource-Policy"] == "same-origin"
    for path in addresses.values():
        assert client.get(path).headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies)
    for trick in (f"/stream/..%2fapi/media/{shelved['id']}/original?x", f"/stream/x?/../../api/media/{shelved['id']}/original",
                  f"/stream/%2e%2e/api/media/{shelved['id']}/original?x", f"/stream//../api/media/{shelved['id']}/original?x"):  # fmt: skip
        answer = stack.raw(
            f"GET {trick} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n".encode(),
            quiet_seconds=30,
        )
        assert answer.startswith(b"HTTP/1.1 ")
        assert CANARY not in answer or b"Cross-Origin-Resource-Policy: same-origin" in answer, trick


# --- a browser ------------------------------------------------------------------------------------

PAGE = "<!doctype html><title>player</title>"
PLAY = """async (url) => {
    const whole = await fetch(url), part = await fetch(url, { headers: { Range: "bytes=5-14" } });
    const beyond = await fetch(url, { headers: { Range: "bytes=99999999-" } });
    const forged = await fetch(url.replace(/sig=../, "sig=zz"));
    return {
        size: (await whole.arrayBuffer()).byteLength, part: [...new Uint8Array(await part.arrayBuffer())],
        statuses: [whole, part, beyond, forged].map((answer) => answer.status),
        range: part.headers.get("Content-Range"), accepts: whole.headers.get("Accept-Ranges"),
        length: part.headers.get("Content-Length"), code: (await forged.json()).error.code,
    };
}"""
EMBED = """(url) => new Promise((resolve) => {
    const audio = new Audio(url);
    audio.onloadedmetadata = () => resolve(Math.round(audio.duration));
    audio.onerror = () => resolve(audio.error.message || "error");
})"""
LINK = """async ([server, id, token]) => {
    const answer = await fetch(`${server}/api/links`, {
        method: "POST", body: JSON.stringify({ media_id: id, kind: "stream" }),
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    });
    return [answer.status, (await answer.json()).url];
}"""
READ = "(url) => fetch(url).then(() => 'read', () => 'refused')"


@pytest.fixture(scope="module")
def pages():
    """pages(origin) -> an empty page there. Its document is made up; all that it asks for is real."""
    with chrome.chromium() as browser:
        context = browser.new_context(ignore_https_errors=True)
        context.grant_permissions(["local-network-access"])  # a page of the Internet asks a server of this machine

        def page(origin: str):
            page = context.new_page()
            page.route(f"{origin}/", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
            page.goto(f"{origin}/")
            return page

        yield page
        context.close()


def test_a_page_of_another_origin_plays_a_song_by_fetch_with_ranges(stack, pages, shelved, token):
    page = pages(ALLOWED)
    status, url = page.evaluate(LINK, [stack.url, shelved["id"], token["Authorization"].removeprefix("Bearer ")])
    assert status == 201
    got = page.evaluate(PLAY, url)
    size = got["size"]
    assert got["statuses"] == [200, 206, 416, 403] and got["code"] == "SEC_003"
    assert bytes(got["part"]) == CANARY[5:15] and got["range"] == f"bytes 5-14/{size}"
    assert (got["accepts"], got["length"]) == ("bytes", "10")


def test_a_page_of_an_origin_that_is_not_allowed_reads_nothing(stack, pages, addresses):
    page = pages("http://evil.localhost:8080")
    assert page.evaluate(READ, stack.url + addresses["stream"]) == "refused"


@pytest.fixture(scope="module")
def tune(stack, tmp_path_factory) -> str:
    file = make(tmp_path_factory.mktemp("media") / "t.mp3", "-f", "lavfi", "-i", "sine=duration=3", "-q:a", "9")
    name = f"{secrets.token_hex(4)}.mp3"
    stack.place(file.read_bytes(), stack.data / "shelf" / name)
    return stack.wait_for_media(name, seconds=60)["id"]


@pytest.mark.parametrize("origin", [ALLOWED, "http://blog.localhost:8080"])
def test_a_signed_link_plays_in_an_audio_element_of_any_page(stack, pages, tune, origin):
    page = pages(origin)
    for form, path in links(stack.session(), tune).items():
        assert page.evaluate(EMBED, stack.url + path) == 3, form

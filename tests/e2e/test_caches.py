"""What is cached is never an answer to somebody else: verdicts (G04) and pictures (G05)."""

from __future__ import annotations

import os

import pytest

from control import vault
from control.settings import load
from tests.e2e.conftest import CANARY, make
from tests.e2e.people import PASSWORD, add_user, basic, bearer, sign_in


@pytest.fixture(scope="module")
def alice(stack):
    return add_user(stack, "viewer", "alice")


@pytest.fixture(scope="module")
def private(stack, alice, tmp_path_factory) -> dict:
    """A private photo of Alice, with its pictures in Nginx's cache."""
    file = make(
        tmp_path_factory.mktemp("media") / "hers.jpg", "-f", "lavfi", "-i", "mandelbrot=size=640x400", "-frames:v", "1"
    )
    media = stack.wait_for_media(stack.drop(file, "hers.jpg"))
    stack.sluice("media", "set", media["id"], "--owner", alice, "--visibility", "private")
    viewer = stack.session(alice, PASSWORD)
    for kind in ("thumbnail", "still"):
        for _ in range(3):
            assert viewer.get(f"/api/media/{kind}/{media['id']}").status_code == 200
    return media


STRANGERS = {
    "nobody": lambda stack: {},
    "somebody else": lambda stack: bearer(sign_in(stack, add_user(stack))["access_token"]),
    "an editor": lambda stack: bearer(sign_in(stack, add_user(stack, "editor"))["access_token"]),
    "basic of somebody else": lambda stack: basic(add_user(stack)),
    "her cookie by another name": lambda stack: {"Cookie": f"sluice={sign_in(stack, 'alice')['access_token']}"},
    "her cookie in other letters": lambda stack: {"Cookie": f"__host-sluice={sign_in(stack, 'alice')['access_token']}"},
    "her refresh token": lambda stack: bearer(sign_in(stack, "alice")["refresh_token"]),
    "half of her token": lambda stack: bearer(sign_in(stack, "alice")["access_token"][:-4]),
    "her token, longer": lambda stack: bearer(sign_in(stack, "alice")["access_token"] + "A"),
}


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize(
    "how", [{}, {"Range": "bytes=0-9"}, {"If-None-Match": "*"}], ids=["plain", "range", "revalidate"]
)
def test_G04_G05_what_was_decided_and_cached_for_alice_is_nobody_elses(stack, private, who, how):
    stranger = stack.session(None)
    stranger.headers.update(STRANGERS[who](stack) | how)
    for method in ("GET", "HEAD"):
        for kind in ("thumbnail", "still"):
            for query in ("", f"?v={private.get('revision', 1)}", "?md5=x&expires=9999999999"):
                answer = stranger.request(method, f"/api/media/{kind}/{private['id']}{query}")
                assert answer.status_code in (401, 403) and b"WEBP" not in answer.content, (kind, query)


def test_G04_a_revoked_session_finds_nothing_in_the_cache(stack, private, alice):
    viewer = stack.session(alice, PASSWORD)
    url = f"/api/media/still/{private['id']}"
    assert viewer.get(url).status_code == 200
    headers = {"Cookie": f"__Host-sluice={viewer.cookies['__Host-sluice']}"}
    viewer.post("/api/auth/logout", json={})
    assert stack.session(None).get(url, headers=headers).status_code == 401


def test_G04_an_outage_is_remembered_as_neither_yes_nor_no(stack, private, alice):
    viewer, url = stack.session(alice, PASSWORD), f"/api/media/still/{private['id']}"
    with stack.stopped("sluice:control"):
        for client in (viewer, stack.session(None)):
            assert client.get(url).status_code == 503
    assert viewer.get(url).status_code == 200
    assert stack.session(None).get(url).status_code == 401


def test_G05_the_cache_is_private_and_holds_no_key_and_no_cookie(stack, private):
    settings = load(stack.data)
    assert os.stat(settings.paths.cache).st_mode & 0o077 == 0
    master = vault.MasterKeys(settings.paths.keys)
    columns = "encode(wrapped, 'hex') || ' ' || master_version"
    wrapped, version = stack.query(f"SELECT {columns} FROM media_keys WHERE media_id = '{private['id']}'").split()
    media_key = master.unwrap(private["id"], vault.WrappedKey(bytes.fromhex(wrapped), int(version)))
    keys = [vault.content_key(media_key, kind) for kind in ("thumbnail", "still", "image")]
    files = [path for path in settings.paths.cache.rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in files)
    assert b"WEBP" in content, "the pictures are not cached at all"
    assert not any(key in content for key in keys)
    assert b"Set-Cookie" not in content and b"__Host-" not in content and b"Bearer" not in content


def test_G05_private_answers_are_kept_by_no_shared_cache(stack, private, alice, shelved, film):
    viewer = stack.session(alice, PASSWORD)
    playlist = viewer.get(f"/api/media/stream/{film['id']}")
    rung = next(line for line in playlist.text.splitlines() if line.startswith("/hls/"))
    for answer in (
        playlist, viewer.get(rung), viewer.get(rung.replace("index.m3u8", "key/0")), viewer.get("/library"),
        viewer.get(f"/api/media/still/{private['id']}"), viewer.get(f"/api/media/stream/{private['id']}"),
        viewer.get(f"/api/media/{shelved['id']}/original"), viewer.get("/api/sessions"), viewer.get("/api/tokens"),
    ):  # fmt: skip
        caching = answer.headers.get("Cache-Control", "")
        assert answer.ok and ("private" in caching or "no-store" in caching or "no-cache" in caching), (
            answer.url,
            caching,
        )


def test_G05_originals_and_archives_pass_by_the_caches(stack, alice, shelved):
    viewer = stack.session(alice, PASSWORD)
    made = viewer.post("/v1/files/batch-download", json={"keys": [f"media/{shelved['id']}"]})
    for url in (made.json()["url"], f"/api/media/{shelved['id']}/original"):
        answer = viewer.get(url)
        assert CANARY in answer.content and "private" in answer.headers["Cache-Control"], url
    paths = load(stack.data).paths
    files = [path for place in (paths.cache, paths.nginx) for path in place.rglob("*") if path.is_file()]
    assert not any(CANARY in path.read_bytes() for path in files)

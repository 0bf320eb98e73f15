"""What a share opens, and what it does not: the addresses are those that its own pages name (threats S01..S05)."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import CANARY, make
from tests.e2e.people import PASSWORD, add_user, wait_until
from tests.e2e.shares.conftest import SECRET, addresses, code_of, set_folder, use_of


def crawl(client, shared) -> set[str]:
    """Every address that the unlocked share names, page by page, playlists and keys included."""
    seen, found, ahead = set(), set(), {shared.at()}
    while ahead:
        path = ahead.pop()
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200 or code_of(answer) == "MEDIA_008", (path, answer.text[:300])
        if key := answer.headers.get("X-Sluice-Key-Url"):
            found.add(key)
        if answer.headers["Content-Type"].startswith(("text/", "application/vnd.apple")):
            named = addresses(answer.text, shared.code)
            if path.startswith("/hls/"):
                named |= {path.rsplit("/", 1)[0] + "/key/0"}
            found |= named
            ahead |= {one for one in named if "/hls/" not in one or one.endswith(".m3u8")} - seen
    return found | {shared.at(f"embed/{path.rsplit('/', 1)[1]}") for path in found if "/watch/" in path}


def is_secret(path: str) -> bool:
    """What lies under a signed prefix is ciphertext; its keys are not."""
    return "/hls/" not in path or "/key/" in path


@pytest.fixture(scope="module")
def crawled(stack, share, film, photo, shelved):
    """A password share of one thing of each kind, and all that its pages name."""
    shared = share(film["id"], photo["id"], shelved["id"], password=SECRET, name="Private names", note="for you")
    client = stack.session(None)
    assert client.post(shared.at(), data={"password": SECRET}).status_code == 200
    found = {path for path in crawl(client, shared) if is_secret(path)}
    for part in ("watch/", "embed/", "stream/", "file/", "still/", "storyboard/", "frames/", "/key/"):
        assert any(part in path for path in found), part
    found |= {shared.at(f"{kind}/{media['id']}") for media in (film, photo) for kind in media["stills"]}
    return shared, client, found - {shared.at()}


def must_refuse(client, paths, who: str) -> None:
    for path in paths:
        answer = client.get(path, headers={"Accept": "application/json"})
        assert answer.status_code in (401, 403, 404, 410), (who, path, answer.status_code)
        assert CANARY not in answer.content and b"film.mp4" not in answer.content, (who, path)
        assert len(answer.content) != 16, (who, path)


def test_S01_nothing_of_a_locked_share_is_told(stack, crawled):
    shared, _, paths = crawled
    client = stack.session(None)
    for path in paths:
        answer = client.get(path, headers={"Accept": "application/json"})
        assert answer.status_code == 401, (path, answer.text[:200])
    page = client.get(shared.at())
    assert page.status_code == 200 and "password" in page.text
    for secret in ("film.mp4", "photo.jpg", "song.mp3", "Private names", "for you", "thumbnail", "3 files", "admin"):
        assert secret not in page.text, secret
    sent = client.get(shared.at(f"watch/{shared.id}"), headers={"Accept": "text/html"}, allow_redirects=False)
    assert (sent.status_code, sent.headers["Location"]) == (303, shared.at())


@pytest.mark.parametrize("who", ["anonymous", "bob", "administrator", "visitor of another share", "forged cookie"])
def test_S05_what_the_page_names_is_for_its_visitor_alone(stack, crawled, share, shelved, who):
    _, visitor, paths = crawled
    client = stack.session(None)
    if who == "bob":
        client = stack.session(add_user(stack), PASSWORD)
    elif who == "administrator":
        client = stack.session()
    elif who == "visitor of another share":
        other = share(shelved["id"], password="another-1")
        client.post(other.at(), data={"password": "another-1"}).raise_for_status()
        assert client.get(other.at(f"file/{shelved['id']}")).status_code == 200
    elif who == "forged cookie":
        name, value = "__Host-sluice-visit", visitor.cookies["__Host-sluice-visit"]
        client.headers["Cookie"] = f"{name}={value[:-1] + ('0' if value[-1] != '0' else '1')}"
    must_refuse(client, paths, who)


@pytest.mark.parametrize("end", ["revoked", "expired", "password changed"])
def test_S05_after_its_end_nothing_is_open_any_more(stack, owner, share, film, photo, shelved, end):
    shared = share(film["id"], photo["id"], shelved["id"], password=SECRET)
    client = stack.session(None)
    client.post(shared.at(), data={"password": SECRET}).raise_for_status()
    paths = {path for path in crawl(client, shared) if is_secret(path)}
    item = f"/api/shares/{shared.id}"
    if end == "revoked":
        owner.delete(item).raise_for_status()
    else:
        owner.patch(item, json={"expires_in": 1} if end == "expired" else {"password": "new-one-1"}).raise_for_status()
    wait_until(lambda: client.get(shared.at(f"file/{shelved['id']}")).status_code != 200, 60)
    must_refuse(client, paths - {shared.at()}, end)
    landing = client.get(shared.at())
    assert landing.status_code == (200 if end == "password changed" else 410) and "film.mp4" not in landing.text


def test_S05_one_share_opens_nothing_of_another(stack, share, film, photo, shelved):
    first, second = share(film["id"], shelved["id"]), share(photo["id"])
    client = stack.session(None)
    for path in crawl(client, first):
        if path.startswith(first.at("x")[:-1]) and path != first.at():
            moved = path.replace(first.code, second.code)
            assert client.get(moved, headers={"Accept": "application/json"}).status_code in (403, 404), moved


def test_a_code_is_exactly_one_address(stack, share, shelved):
    shared = share(shelved["id"])
    client = stack.session(None)
    for code in (shared.code[:-1], shared.code + "a", shared.code.swapcase(), "a" * 22, "..", shared.code + "%00", "0"):
        answer = client.get(f"/s/{code}/file/{shelved['id']}")
        assert answer.status_code in (400, 404) and CANARY not in answer.content, code


RIGHTS = {
    # what        view download upload
    "watch": (True, False, False),
    "embed": (True, False, False),
    "stream": (True, False, False),
    "file": (False, True, False),
    "thumbnail": (True, True, False),
    "still": (True, True, False),
    "storyboard": (True, True, False),
    "frames": (True, True, False),
}


@pytest.mark.parametrize("right", ["view", "download", "upload"])
def test_every_address_asks_for_its_own_right(stack, share, film, right):
    shared = share(film["id"], rights=[right])
    column = ("view", "download", "upload").index(right)
    for what, may in RIGHTS.items():
        answer = stack.session(None).get(shared.at(f"{what}/{film['id']}"))
        allowed = answer.status_code == 200 or code_of(answer) == "MEDIA_008"
        assert allowed == may[column], (what, right, answer.text[:200])
        assert allowed or code_of(answer) == "SHARE_005"


def test_S02_a_folder_opens_itself_and_what_is_below(stack, owner, share, tmp_path_factory):
    directory = tmp_path_factory.mktemp("media")
    media = {}
    for folder in ("d", "d/x", "d2", "e", "d/X", ""):
        name = f"in-{folder.replace('/', '-') or 'root'}.jpg"
        file = make(directory / name, "-f", "lavfi", "-i", "testsrc=size=64x64", "-frames:v", "1")
        media[folder] = stack.wait_for_media(stack.drop(file, name))["id"]
        set_folder(stack, media[folder], folder)
    foreign = make(directory / "foreign.jpg", "-f", "lavfi", "-i", "testsrc=size=66x66", "-frames:v", "1")
    media["foreign"] = stack.wait_for_media(stack.drop(foreign, "foreign.jpg"))["id"]
    set_folder(stack, media["foreign"], "d/x", add_user(stack))
    shared = share(folder="d/x")
    wait_until(lambda: "in-d-x.jpg" in stack.session(None).get(shared.at()).text, 60)
    page = stack.session(None).get(shared.at()).text
    for folder, one in media.items():
        inside = folder == "d/x"
        assert (f"in-{folder.replace('/', '-')}.jpg" in page) == inside or folder in ("", "foreign")
        for what in ("thumbnail", "stream", "watch"):
            answer = stack.session(None).get(shared.at(f"{what}/{one}"))
            assert answer.status_code == 200 if inside else answer.status_code in (403, 404), (folder, what)
    assert "foreign.jpg" not in page and "in-root" not in page
    wide = share(folder="/d/")
    assert stack.session(None).get(wide.at(f"stream/{media['d/x']}")).status_code == 200
    for folder in ("d2", "e", "", "foreign"):
        assert stack.session(None).get(wide.at(f"stream/{media[folder]}")).status_code == 404, folder
    for path in ("../d2", "d/../e", "nowhere", "d//x", ".", "d/x/../../e"):
        answer = owner.post("/api/shares", json={"folder": path, "rights": ["view"]})
        assert answer.status_code in (400, 404), path


def test_S03_what_is_not_there_or_not_ones_own_is_not_shared(stack, photo, share):
    alice, bob = add_user(stack), add_user(stack)
    stack.sluice("media", "set", photo["id"], "--owner", bob, "--visibility", "private")
    try:
        client = stack.session(alice, PASSWORD)
        for media in (photo["id"], "00000000-0000-4000-8000-000000000000"):
            answer = client.post("/api/shares", json={"media_ids": [media], "rights": ["view"]})
            assert (answer.status_code, code_of(answer)) == (404, "MEDIA_001")
        for body in ({}, {"media_ids": ["x"], "rights": ["view"]}, {"media_ids": [], "rights": ["view"]},
                     {"media_ids": [photo["id"]], "rights": []}, {"media_ids": [photo["id"]], "rights": ["own"]}):  # fmt: skip
            assert client.post("/api/shares", json=body).status_code == 400, body
        assert client.post("/api/shares", json={"folder": "bob", "rights": ["view"]}).status_code == 404
        assert client.get("/api/shares").json()["shares"] == []
        bobs = stack.session(bob, PASSWORD)
        made = bobs.post("/api/shares", json={"media_ids": [photo["id"]], "rights": ["view"]}).json()
        assert client.get(f"/api/shares/{made['id']}").status_code == 404
        assert client.delete(f"/api/shares/{made['id']}").status_code == 404
        assert client.get(f"/api/shares/{made['id']}/qr.svg").status_code == 404
        stranger, path = stack.session(None), f"/s/{made['code']}/stream/{photo['id']}"
        assert stranger.get(path).status_code == 200
        stack.sluice("media", "set", photo["id"], "--owner", alice)  # bob may not see it any more
        wait_until(lambda: stranger.get(path).status_code == 404, 60)
        assert "photo.jpg" not in stranger.get(f"/s/{made['code']}").text
    finally:
        stack.sluice("media", "set", photo["id"], "--owner", "admin", "--visibility", "library")


def test_S04_no_secret_of_a_share_is_kept_or_told(stack, owner, share, shelved):
    shared = share(shelved["id"], password=SECRET)
    client = stack.session(None)
    page = client.get(shared.at())
    wrong = client.post(shared.at(), data={"password": "wrong-canary-9"})
    opened = client.post(shared.at(), data={"password": SECRET}, allow_redirects=False)
    assert "password" not in opened.headers["Location"] and SECRET not in str(opened.headers)
    client.get(shared.at(f"file/{shelved['id']}")).raise_for_status()
    client.get(shared.at("file/nothing"))
    stack.session(None).get(shared.at(f"file/{shelved['id']}"))
    for answer in (page, wrong):
        assert SECRET not in answer.text and "canary-9" not in answer.text
        assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "argon2" not in page.text
    wait_until(lambda: int(stack.query("SELECT count(*) FROM audit WHERE event = 'share_password_wrong'")), 60)
    tables = stack.query("SELECT string_agg(format('%I', tablename), ' ') FROM pg_tables WHERE schemaname = 'public'")
    for table in tables.split():
        dump = stack.query(f"SELECT t::text FROM {table} t")
        for secret in (shared.code, SECRET, "wrong-canary-9"):
            assert secret not in dump, (table, secret)
    wait_until(lambda: any("/s/-/file/" in line["uri"] for line in stack.deliveries()), 60)
    for log in (stack.data / "logs").glob("*.log"):
        text = log.read_text(errors="replace")
        assert shared.code not in text and SECRET not in text and "canary-9" not in text, log
    assert use_of(owner, shared)["url"] == shared.url  # its owner can copy it again

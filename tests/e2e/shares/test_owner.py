"""Shares as their owner sees them: the API, the command, and how quickly an end is an end."""

from __future__ import annotations

import io
import json
import zipfile

from tests.e2e.conftest import CANARY
from tests.e2e.people import PASSWORD, add_user, wait_until
from tests.e2e.shares.conftest import SECRET, code_of, use_of


def test_a_share_is_made_seen_changed_and_revoked(stack, owner, share, shelved, photo):
    shared = share(shelved["id"], name="First", note="Hello", max_uses=7, password=SECRET)
    assert shared.url == f"{stack.url}/s/{shared.code}" and len(shared.code) == 22
    item = f"/api/shares/{shared.id}"
    found = owner.get(item).json()
    assert found in owner.get("/api/shares").json()["shares"] and found["url"] == shared.url
    assert (found["name"], found["note"], found["max_uses"], found["has_password"]) == ("First", "Hello", 7, True)
    changed = owner.patch(item, json={"name": "Second", "max_uses": None, "media_ids": [photo["id"]]}).json()
    assert (changed["name"], changed["max_uses"], changed["media_ids"]) == ("Second", None, [photo["id"]])
    assert changed["note"] == "Hello" and changed["has_password"] and changed["expires"] == found["expires"]
    assert not owner.patch(item, json={"password": None}).json()["has_password"]
    stranger = stack.session(None)
    wait_until(lambda: "Second" in stranger.get(shared.at()).text, 60)
    assert "photo.jpg" in stranger.get(shared.at()).text and "song.mp3" not in stranger.get(shared.at()).text
    for body in ({"rights": []}, {"media_ids": []}, {"expires_in": 0}, {"max_uses": 0}, {"password": "x"}, []):
        assert owner.patch(item, json=body).status_code == 400, body
    assert owner.delete(item).status_code == 200 and owner.get(item).json()["revoked"]
    assert owner.delete(item).status_code == 200
    wait_until(lambda: stranger.get(shared.at()).status_code == 410, 60)
    assert "SHARE_003" in stranger.get(shared.at(), headers={"Accept": "text/html"}).text


def test_bad_input_is_told_and_loses_nothing(stack, owner, share, shelved):
    shared = share(shelved["id"], password=SECRET, name="Before")
    for body in ({"name": "a\0b"}, {"note": "\0"}, {"folder": "a\0"}, {"name": None}, {"rights": None}, {"name": "x" * 201}):
        assert owner.patch(f"/api/shares/{shared.id}", json=body).status_code == 400, body
        fields = {"media_ids": [shelved["id"]], "rights": ["view"], **body}
        assert owner.post("/api/shares", json=fields).status_code == 400, body
    assert use_of(owner, shared)["name"] == "Before"
    client = stack.session(None)
    for sent in ({"json": []}, {"json": {"password": 7}}, {"json": {}}, {"data": b"\xff", "headers": {"Content-Type": "text/plain"}},
                 {"files": {"password": b"x"}}):  # fmt: skip
        assert client.post(shared.at(), **sent).status_code == 400, sent
    assert client.post(shared.at(), data={"password": "x" * 2000}).status_code == 400


def test_its_address_is_a_qr_code(owner, share, shelved):
    shared = share(shelved["id"])
    svg, png = (owner.get(f"/api/shares/{shared.id}/qr.{kind}") for kind in ("svg", "png"))
    assert svg.headers["Content-Type"] == "image/svg+xml" and svg.text.startswith("<svg")
    assert png.headers["Content-Type"] == "image/png" and png.content.startswith(b"\x89PNG")
    assert "style=" not in svg.text and "no-store" in svg.headers["Cache-Control"]


def test_a_lifetime_is_bounded_by_the_role(stack, owner, shelved):
    body = {"media_ids": [shelved["id"]], "rights": ["view"], "expires_in": 40 * 86400}
    assert owner.post("/api/shares", json=body).status_code == 201
    viewer = stack.session(add_user(stack), PASSWORD)
    answer = viewer.post("/api/shares", json=body)
    assert answer.status_code == 400 and "expires_in" in answer.json()["error"]["details"]
    assert viewer.post("/api/shares", json=body | {"expires_in": 3600}).status_code == 201
    guest = stack.session(add_user(stack, "guest"), PASSWORD)
    assert guest.post("/api/shares", json=body | {"expires_in": 60}).status_code == 403
    assert viewer.get("/api/shares?all=true").status_code == 403
    everybody = owner.get("/api/shares?all=true").json()["shares"]
    assert len({one["owner"] for one in everybody}) > 1


def test_the_command_lists_and_revokes(stack, share, shelved):
    shared = share(shelved["id"], name="By hand")
    listed = json.loads(stack.sluice("share", "list", "--json"))
    assert next(one for one in listed if one["id"] == shared.id)["url"] == shared.url
    stack.sluice("share", "revoke", shared.id)
    wait_until(lambda: stack.session(None).get(shared.at()).status_code == 410, 60)
    assert stack.sluice("share", "revoke", "0" * 8, check=False) == ""


def test_a_user_who_goes_takes_their_shares_along(stack, shelved):
    stranger, made = stack.session(None), {}
    for what in ("disable", "delete"):
        name = add_user(stack)
        body = {"media_ids": [shelved["id"]], "rights": ["download"]}
        made[what] = stack.session(name, PASSWORD).post("/api/shares", json=body).json()["code"]
        path = f"/s/{made[what]}/file/{shelved['id']}"
        assert stranger.get(path).content.startswith(CANARY)
        stack.sluice("user", what, name)
        expected = {"disable": 410, "delete": 404}[what]
        wait_until(lambda path=path, expected=expected: stranger.get(path).status_code == expected, 60)


def test_what_happened_is_in_the_trail(stack, owner, share, shelved):
    shared = share(shelved["id"], password=SECRET)
    client = stack.session(None)
    client.post(shared.at(), data={"password": "wrong"})
    client.post(shared.at(), data={"password": SECRET}).raise_for_status()
    owner.delete(f"/api/shares/{shared.id}").raise_for_status()
    wanted = {"share_made", "share_password_wrong", "share_opened", "share_revoked"}
    query = f"SELECT string_agg(DISTINCT event, ' ') FROM audit WHERE details ->> 'share' = '{shared.id}'"
    wait_until(lambda: set(stack.query(query).split()) == wanted, 60)


def test_a_film_stops_at_its_next_key_when_the_share_ends(stack, owner, share, film):
    for end in ("revoke", "password"):
        shared = share(film["id"], password=SECRET)
        client = stack.session(None)
        client.post(shared.at(), data={"password": SECRET}).raise_for_status()
        playlist = client.get(shared.at(f"stream/{film['id']}")).text
        prefix = next(line for line in playlist.splitlines() if line.startswith("/hls/")).rsplit("/", 2)[0]
        assert len(client.get(f"{prefix}/360p/key/0").content) == 16
        assert stack.session(None).get(f"{prefix}/360p/key/0").status_code == 401  # the address alone opens nothing
        assert owner.get(f"{prefix}/360p/key/0").status_code in (401, 403)
        item = f"/api/shares/{shared.id}"
        owner.delete(item) if end == "revoke" else owner.patch(item, json={"password": "another-1"})
        refused = client.get(f"{prefix}/360p/key/0")
        assert refused.status_code == 403 and code_of(refused) == "MEDIA_007"


def test_a_visitor_without_cookies_gets_a_grant_that_ends_with_the_share(stack, owner, share, film):
    shared = share(film["id"], rights=["view"])
    playlist = stack.session(None).get(shared.at(f"stream/{film['id']}"), headers={"User-Agent": "VLC"}).text
    prefix = next(line for line in playlist.splitlines() if line.startswith("/hls/")).rsplit("/", 2)[0]
    assert len(stack.session(None).get(f"{prefix}/360p/key/0").content) == 16
    owner.delete(f"/api/shares/{shared.id}").raise_for_status()
    assert stack.session(None).get(f"{prefix}/360p/key/0").status_code == 403
    listed = [device["device_name"] for device in owner.get("/api/sessions").json()["sessions"]]
    assert not any("Player" in name for name in listed)  # it is no device of the owner's


def test_seen_and_used_are_two_things(stack, owner, share, shelved):
    shared = share(shelved["id"])
    stack.session(None).get(shared.at()).raise_for_status()
    wait_until(lambda: use_of(owner, shared)["last_seen"], 60)
    use = use_of(owner, shared)
    assert (use["opens"], use["downloads"], use["uses"]) == (0, 0, 0)


def test_all_of_a_share_is_one_zip_until_the_share_ends(stack, owner, share, shelved, big, film):
    shared = share(shelved["id"], big["id"], film["id"], name="Songs")
    client = stack.session(None)
    assert shared.at("zip") in client.get(shared.at()).text
    answer = client.get(shared.at("zip"))
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/zip", answer.text[:300]
    assert "ticket" not in str(answer.headers).lower()  # it stays between control and Nginx
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert sorted(archive.namelist()) == ["big.mp3", "song.mp3"] and archive.testzip() is None
    assert stack.session(None).get(answer.url).status_code == 200
    owner.delete(f"/api/shares/{shared.id}").raise_for_status()
    wait_until(lambda: stack.session(None).get(answer.url).status_code == 410, 60)
    assert client.get(shared.at("zip")).status_code == 410
    for other in (share(shelved["id"], rights=["view"]), share(shelved["id"], max_uses=1)):
        assert stack.session(None).get(other.at("zip")).status_code == 403

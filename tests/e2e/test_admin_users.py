"""The users API: what it changes acts at once, and nobody is locked out."""

from __future__ import annotations

import secrets

import pytest

from tests.e2e.people import PASSWORD, add_user, bearer, sign_in, wait_until


@pytest.fixture(scope="module")
def admin(stack):
    return stack.session()


def find(stack, name: str) -> str:
    return stack.query(f"SELECT id FROM users WHERE username = '{name}'")


def test_a_user_is_made_with_a_password_that_is_told_once(stack, admin):
    name = f"made-{secrets.token_hex(4)}"
    made = admin.post("/api/admin/users", json={"username": name, "role": "editor", "quota_bytes": 5000})
    assert made.status_code == 201 and made.headers["Cache-Control"] == "private, no-store"
    user, password = made.json(), made.json()["password"]
    assert stack.session(name, password).get("/api/auth/me").json()["role"] == "editor"
    found = admin.get("/api/admin/users", params={"query": name.upper()}).json()
    assert [one["id"] for one in found["data"]] == [user["id"]] and "password" not in found["data"][0]
    assert found["data"][0]["sessions"] == 1 and found["data"][0]["quota_bytes"] == 5000
    assert admin.post("/api/admin/users", json={"username": name}).json()["error"]["code"] == "AUTH_015"
    weak = admin.post("/api/admin/users", json={"username": f"{name}-2", "password": "short"})
    assert weak.status_code == 400 and "password" in weak.text


def test_a_demoted_administrators_next_request_is_refused(stack, admin):
    name = add_user(stack, "admin")
    theirs = stack.session(name, PASSWORD)
    assert theirs.get("/api/admin/users").status_code == 200
    assert admin.patch(f"/api/admin/users/{find(stack, name)}", json={"role": "viewer"}).json()["role"] == "viewer"
    refused = theirs.get("/api/admin/users")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "AUTH_006")
    page = theirs.get("/admin/users", headers={"Accept": "text/html"})
    assert page.status_code == 403 and "<h1" in page.text and not page.history  # a page that says so, no loop


def test_who_is_disabled_is_out_and_comes_back_when_enabled(stack, admin):
    name = add_user(stack)
    theirs, user = stack.session(name, PASSWORD), find(stack, name)
    assert not admin.patch(f"/api/admin/users/{user}", json={"active": False}).json()["active"]
    assert theirs.get("/api/auth/me").status_code == 401
    assert stack.session(None).post("/api/auth/login", json={"username": name, "password": PASSWORD}).status_code == 401
    admin.patch(f"/api/admin/users/{user}", json={"active": True, "full_name": "Ann B.", "email": f"{name}@x.example"})
    assert sign_in(stack, f"{name}@x.example")["user"]["full_name"] == "Ann B."
    changed = admin.post(f"/api/admin/users/{user}/password", json={}).json()
    assert changed["sessions_ended"] == 1 and stack.session(name, changed["password"])


def test_nobody_is_locked_out(stack, admin):
    me = admin.get("/api/auth/me").json()["id"]
    for change in ({"role": "viewer"}, {"active": False}):
        answer = admin.patch(f"/api/admin/users/{me}", json=change)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "AUTH_016")
    assert admin.delete(f"/api/admin/users/{me}").json()["error"]["code"] == "AUTH_016"
    assert admin.get("/api/admin/users").status_code == 200


def test_a_user_goes_and_the_media_are_whose_it_was_said(stack, admin):
    name, heir = add_user(stack), add_user(stack, "admin")
    user, theirs = find(stack, name), stack.session(name, PASSWORD)
    media = stack.query(
        f"INSERT INTO media (name, kind, size_bytes, source, owner_id, visibility) VALUES ('{name}.txt', 'document', 3, "
        f"'upload', '{user}', 'private') RETURNING id"
    ).splitlines()[0]
    seen = {"media": "hand_over", "to": find(stack, heir)}
    assert admin.delete(f"/api/admin/users/{user}", params=seen).json()["sessions_ended"] == 1
    assert theirs.get("/api/auth/me").status_code == 401
    assert admin.get(f"/api/admin/users/{user}").status_code == 404
    assert stack.query(f"SELECT owner_id FROM media WHERE id = '{media}'") == find(stack, heir)
    search = {"event": "user_deleted", "limit": 500}
    wait_until(lambda: name in admin.get("/api/admin/audit", params=search).text)


def test_devices_of_everybody_are_seen_and_ended(stack, admin):
    name = add_user(stack)
    theirs, also = stack.session(name, PASSWORD), sign_in(stack, name)["access_token"]
    user = find(stack, name)
    listed = admin.get("/api/admin/sessions", params={"user": user}).json()["sessions"]
    assert {one["username"] for one in listed} == {name} and len(listed) == 2
    mine = theirs.get("/api/sessions").json()["sessions"]
    current = next(one["id"] for one in mine if one["is_current"])
    assert admin.delete(f"/api/admin/sessions/{current}").status_code == 200
    assert theirs.get("/api/auth/me").status_code == 401
    assert admin.delete("/api/admin/sessions", params={"user": user}).json()["devices_affected"] == 1
    assert stack.session(None).get("/api/auth/me", headers=bearer(also)).status_code == 401


def test_a_refused_file_is_downloaded_as_it_came_and_removed(stack, admin):
    name, content = f"refused-{secrets.token_hex(4)}.mp4", b"this is no film\n" * 8
    stack.place(content, stack.data / "imports" / name)
    media = stack.wait_for_media(name, "failed")["id"]
    original = admin.get(f"/api/admin/quarantine/{media}/original", headers={"Range": "bytes=5-6"})
    assert (original.status_code, original.content) == (206, content[5:7])
    assert original.headers["Content-Disposition"].startswith("attachment; ")
    page = admin.get("/admin/quarantine", headers={"Accept": "text/html"}).text
    assert name in page
    gone = admin.post("/admin/quarantine/remove", data={"id": media}, headers={"Sec-Fetch-Site": "same-origin"})
    assert gone.status_code == 200 and not (stack.data / "quarantine" / media).exists()
    assert admin.get(f"/api/admin/quarantine/{media}/original").status_code == 404


def test_a_form_of_another_site_changes_nothing(stack, admin):
    name = f"forged-{secrets.token_hex(4)}"
    forged = admin.post("/admin/users", data={"username": name}, headers={"Sec-Fetch-Site": "cross-site"})
    assert forged.status_code == 403 and not find(stack, name)

"""Devices: listed, ended one by one, ended by the operator; rights that change act at once (threat T05)."""

from __future__ import annotations

import json

import pytest

from tests.e2e.people import PASSWORD, add_user, wait_until


@pytest.fixture
def bob(stack):
    """A viewer of the test's own; gone afterwards."""
    yield {"username": add_user(stack, name="bob"), "password": PASSWORD}
    stack.query("DELETE FROM users WHERE username = 'bob'")


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_user_sees_the_devices_and_ends_one(stack, bob):
    phone, laptop = stack.session("bob", bob["password"]), stack.session("bob", bob["password"])
    listed = laptop.get("/api/sessions").json()["sessions"]
    assert len(listed) == 2 and [session["is_current"] for session in listed].count(True) == 1
    assert {"id", "device_name", "device_type", "ip_address", "last_activity", "is_current"} <= listed[0].keys()
    other = next(session["id"] for session in listed if not session["is_current"])
    assert laptop.delete(f"/api/sessions/{other}").json()["message"] == "Session terminated successfully"
    assert code(phone.get("/api/auth/me")) == (401, "AUTH_004")
    assert laptop.get("/api/auth/me").status_code == 200


def test_a_session_of_somebody_else_is_not_there(stack, bob):
    admins = stack.session().get("/api/sessions").json()["sessions"][0]["id"]
    client = stack.session("bob", bob["password"])
    assert code(client.delete(f"/api/sessions/{admins}")) == (404, "AUTH_008")
    assert code(stack.session(None).get("/api/sessions")) == (401, "AUTH_005")
    assert code(stack.session(None).delete(f"/api/sessions/{admins}")) == (401, "AUTH_005")


def test_an_administrator_ends_any_session(stack, bob):
    client = stack.session("bob", bob["password"])
    session = client.get("/api/sessions").json()["sessions"][0]["id"]
    assert stack.session().delete(f"/api/sessions/{session}").status_code == 200
    assert code(client.get("/api/auth/me")) == (401, "AUTH_004")


def test_the_operator_lists_and_kills_sessions(stack, bob):
    client = stack.session("bob", bob["password"])
    listed = json.loads(stack.sluice("session", "list", "--user", "bob", "--json"))
    stack.sluice("session", "kill", listed[0]["id"])
    assert code(client.get("/api/auth/me")) == (401, "AUTH_004")


@pytest.mark.parametrize(
    "change", [["passwd", "bob"], ["disable", "bob"], ["delete", "bob"]], ids=lambda change: change[0]
)
def test_T05_no_session_survives_a_password_change_a_disable_or_a_delete(stack, bob, film, change):
    client = stack.session("bob", bob["password"])
    playlist = next(
        line for line in client.get(f"/api/media/stream/{film['id']}").text.splitlines() if "/360p/" in line
    )
    key = playlist.replace("index.m3u8", "key/0")
    assert client.get(key).status_code == 200
    stack.sluice("user", *change)
    assert client.get("/api/auth/me").status_code == 401
    assert client.get(key).status_code in (401, 403)
    assert client.get(f"/api/media/still/{film['id']}").status_code == 401
    refused = stack.session(None).post("/api/auth/login", json={"username": "bob", "password": bob["password"]})
    assert code(refused) == (401, "AUTH_001")


def test_a_new_role_acts_on_the_next_request(stack, bob, film):
    client = stack.session("bob", bob["password"])
    assert client.get(f"/api/media/{film['id']}").status_code == 200
    stack.sluice("user", "role", "bob", "guest")
    assert code(client.get(f"/api/media/{film['id']}")) == (404, "MEDIA_001")
    assert client.get("/api/auth/me").json()["role"] == "guest"


def test_the_last_administrator_stays(stack):
    for user in json.loads(stack.sluice("user", "list", "--json")):
        if user["role"] == "admin" and user["username"] != "admin":
            stack.sluice("user", "disable", user["username"])
    for change in (["disable", "admin"], ["delete", "admin"], ["role", "admin", "viewer"]):
        assert not stack.sluice("user", *change, check=False)
    assert stack.session().get("/api/auth/me").json()["role"] == "admin"


def last_activity(stack, name: str) -> str:
    return stack.query(
        "SELECT last_activity_at FROM sessions s JOIN users u ON u.id = s.user_id "
        f"WHERE u.username = '{name}' AND ended_at IS NULL"
    )


def rest(stack, name: str, minutes: int) -> None:
    """Nothing has been heard of this user for so long."""
    stack.query(
        f"UPDATE sessions SET last_activity_at = now() - interval '{minutes} minutes' WHERE user_id = "
        f"(SELECT id FROM users WHERE username = '{name}')"
    )


def test_playing_is_activity_and_what_a_page_asks_by_itself_is_not(stack, film):
    name = add_user(stack)
    client = stack.session(name, PASSWORD)
    playlist = client.get(f"/api/media/stream/{film['id']}").text
    key = next(line for line in playlist.splitlines() if "/360p/" in line).replace("index.m3u8", "key/0")
    # The workers wrote this session's clock just now, and would not again for 30 s: only fresh ones tell.
    stack.supervisor("restart", "sluice:control")
    wait_until(lambda: client.get("/readyz").status_code == 200)
    rest(stack, name, 40)
    assert client.get("/api/auth/me", headers={"X-Sluice-Background": "1"}).status_code == 401  # idle for too long
    rest(stack, name, 20)
    before = last_activity(stack, name)
    assert client.get("/api/auth/me", headers={"X-Sluice-Background": "1"}).status_code == 200
    assert last_activity(stack, name) == before
    assert client.get(key).status_code == 200
    wait_until(lambda: last_activity(stack, name) > before, what="a key request moved no clock")

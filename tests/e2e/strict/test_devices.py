"""At most five devices, the choice which to end, and what a device is known by."""

from __future__ import annotations

import re

import pytest

from tests.e2e.people import PASSWORD, add_user, wait_until

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0 Safari/537.36"


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture
def name(stack):
    return add_user(stack)


def browser(stack, agent: str = FIREFOX):
    client = stack.session(None)
    client.headers["User-Agent"] = agent
    return client


def sign_in(client, name: str, **more):
    return client.post("/api/auth/login", json={"username": name, "password": PASSWORD, **more})


def test_the_sixth_device_is_told_the_five_and_chooses(stack, name):
    five = [browser(stack) for _ in range(5)]
    for number, client in enumerate(five):
        assert sign_in(client, name, device_name=f"device {number}").status_code == 200
    sixth = browser(stack)
    refused = sign_in(sixth, name)
    assert code(refused) == (409, "AUTH_010") and refused.json()["max_devices"] == 5
    assert {d["device_name"] for d in refused.json()["devices"]} == {f"device {n}" for n in range(5)}
    assert not sixth.cookies.get("__Host-sluice")
    chosen = next(d["id"] for d in refused.json()["devices"] if d["device_name"] == "device 2")
    choice = {"choice_token": refused.json()["choice_token"], "end_sessions": [chosen], "device_name": "the sixth"}
    assert sixth.post("/api/auth/login", json=choice).status_code == 200
    assert [client.get("/api/auth/me").status_code for client in five] == [200, 200, 401, 200, 200]
    assert {d["device_name"] for d in sixth.get("/api/sessions").json()["sessions"]} >= {"the sixth"}


def test_the_form_offers_the_choice_without_scripts(stack, name):
    for _ in range(5):
        sign_in(browser(stack), name)
    person = browser(stack)
    page = person.post("/login", data={"username": name, "password": PASSWORD}, headers={"Accept": "text/html"})
    assert page.status_code == 409 and "Too many devices" in page.text and page.text.count('name="end"') == 5
    fields = dict(re.findall(r'name="(choice_token|next|csrf)" value="([^"]*)"', page.text))
    checked = re.findall(r'name="end" value="([^"]+)" checked', page.text)
    assert len(checked) == 1  # the one that has been idle the longest is proposed
    again = person.post("/login", data={**fields, "end": "not-one-of-them"}, headers={"Accept": "text/html"})
    assert again.status_code == 409 and "Tick at least one." in again.text and "sign-in-error" not in page.text
    done = person.post("/login", data={**fields, "end": checked}, allow_redirects=False)
    assert (done.status_code, done.headers["Location"]) == (303, "/library")
    assert person.get("/api/auth/me").json()["username"] == name


def test_signing_in_again_in_the_same_browser_takes_its_own_place(stack, name):
    client = browser(stack)
    sign_in(client, name)
    for _ in range(6):
        assert sign_in(client, name).status_code == 200
    assert len(client.get("/api/sessions").json()["sessions"]) == 1


def test_T08_a_sign_in_makes_a_new_session_whatever_the_cookie_was(stack, name):
    client = browser(stack)
    fixed = sign_in(client, name).json()["access_token"]
    fresh = sign_in(client, name).json()["access_token"]
    assert fixed != fresh
    attacker = stack.session(None)
    assert attacker.get("/api/auth/me", headers={"Authorization": f"Bearer {fixed}"}).status_code == 401
    renewed = client.post("/api/auth/password", json={"current": PASSWORD, "new": "Other-pass-2"}).json()[
        "access_token"
    ]
    assert attacker.get("/api/auth/me", headers={"Authorization": f"Bearer {fresh}"}).status_code == 401
    assert attacker.get("/api/auth/me", headers={"Authorization": f"Bearer {renewed}"}).status_code == 200


def test_a_refresh_from_another_browser_ends_the_session_and_is_told(stack, name):
    client, thief = browser(stack), browser(stack, CHROME)
    sign_in(client, name)
    thief.cookies.update(client.cookies)
    assert code(thief.post("/api/auth/refresh", json={})) == (401, "AUTH_011")
    assert client.get("/api/auth/me").status_code == 401
    sign_in(client, name)
    told = "For your safety a session was ended"
    wait_until(lambda: told in client.get("/account", headers={"Accept": "text/html"}).text)
    assert "Chrome on Linux" in client.get("/account", headers={"Accept": "text/html"}).text


def test_a_stolen_refresh_token_without_the_device_cookie_is_no_use(stack, name):
    client, thief = browser(stack), browser(stack)
    token = sign_in(client, name).json()["refresh_token"]
    assert code(thief.post("/api/auth/refresh", json={"refresh_token": token})) == (401, "AUTH_011")


def test_a_script_refreshes_without_cookies(stack, name):
    script = stack.session(None)
    token = sign_in(script, name).json()["refresh_token"]
    other = stack.session(None)
    answer = other.post("/api/auth/refresh", json={"refresh_token": token}).json()
    assert answer["access_token"] and answer["refresh_token"] not in (None, token)


def test_logging_out_by_refresh_token_as_existing_clients_do(stack, name):
    script = stack.session(None)
    tokens = sign_in(script, name).json()
    body = {"refresh_token": tokens["refresh_token"], "logout_all_devices": False}
    assert stack.session(None).post("/api/auth/logout", json=body).json()["devices_affected"] == 1
    assert script.get("/api/auth/me").status_code == 401


def test_end_all_others(stack, name):
    clients = [browser(stack) for _ in range(4)]
    for client in clients:
        sign_in(client, name)
    assert clients[0].delete("/api/sessions").json()["devices_affected"] == 3
    assert [client.get("/api/auth/me").status_code for client in clients] == [200, 401, 401, 401]


def test_the_account_page_works_without_scripts(stack, name):
    client = browser(stack)
    client.headers["Accept"] = "text/html"
    sign_in(client, name)
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/account").text)[1]
    weak = client.post("/account/password", data={"csrf": csrf, "current": PASSWORD, "new": "short"})
    assert weak.status_code == 400 and "at least 8 characters" in weak.text
    wrong = client.post("/account/password", data={"csrf": csrf, "current": "wrong", "new": "Other-pass-3"})
    assert wrong.status_code == 403 and "The current password is wrong." in wrong.text
    done = client.post("/account/password", data={"csrf": csrf, "current": PASSWORD, "new": "Other-pass-3"})
    assert done.status_code == 200 and "Your password is changed" in done.text
    made = client.post(
        "/account/tokens", data={"csrf": csrf, "name": "radio", "scope": "library", "expires_days": "30"}
    )
    secret = re.search(r'value="(slt_[^"]+)"', made.text)[1]
    assert secret not in client.get("/account").text
    token = re.search(r'/account/tokens/revoke.*?name="id" value="([^"]+)"', made.text, re.DOTALL)[1]
    assert "The token is revoked" in client.post("/account/tokens/revoke", data={"csrf": csrf, "id": token}).text
    mine = re.search(r'/account/devices/end".*?name="id" value="([^"]+)"', made.text, re.DOTALL)[1]
    out = client.post("/account/devices/end", data={"csrf": csrf, "id": mine}, allow_redirects=False)
    assert out.headers["Location"] == "/login" and client.get("/api/auth/me").status_code == 401


def test_T09_a_form_of_another_site_needs_a_token_that_it_cannot_know(stack, name):
    client = browser(stack)
    sign_in(client, name)
    for form in ({"new": "x"}, {"csrf": "0" * 64, "new": "x"}):
        refused = client.post("/account/devices/end-others", data=form)
        assert code(refused) == (403, "SEC_002")
    for headers in ({"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.test"}):
        assert code(client.delete("/api/sessions", headers=headers)) == (403, "SEC_002")
    for method in ("get", "head"):
        getattr(client, method)("/logout")
    assert client.get("/api/auth/me").status_code == 200  # nothing changes by GET

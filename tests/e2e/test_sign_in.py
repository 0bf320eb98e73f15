"""Signing in and out, by API and by form."""

from __future__ import annotations

import pytest


def test_a_sign_in_answers_tokens_user_and_host_cookies(stack):
    client = stack.session(None)
    answer = client.post("/api/auth/login", json={"username": "admin", "password": stack.admin_password})
    body = answer.json()
    assert answer.status_code == 200 and body["expires_in"] == 900 and body["user"]["role"] == "admin"
    assert {"access_token", "refresh_token"} <= body.keys()
    cookies = answer.raw.headers.getlist("Set-Cookie")
    assert len(cookies) == 3
    for cookie in cookies:
        assert cookie.startswith("__Host-") and "Secure" in cookie and "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie


def test_a_bearer_token_is_as_good_as_the_cookie(stack):
    token = stack.session().cookies["__Host-sluice"]
    answer = stack.session(None).get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["username"] == "admin"


@pytest.mark.parametrize("account", [("admin", "wrong"), ("nobody", "wrong")])
def test_a_wrong_sign_in_is_told_apart_by_nothing(stack, account):
    answer = stack.session(None).post("/api/auth/login", json={"username": account[0], "password": account[1]})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (401, "AUTH_001")
    assert {"code", "message", "details", "timestamp", "decision"} == error.keys()


def test_logging_out_ends_the_session_at_once(stack):
    client = stack.session()
    token = client.cookies["__Host-sluice"]
    assert client.post("/api/auth/logout", json={}).json()["devices_affected"] == 1
    assert not client.cookies.get("__Host-sluice")
    answer = stack.session(None).get("/api/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AUTH_004")


def test_a_page_leads_a_stranger_to_the_sign_in_and_back(stack):
    client = stack.session(None)
    first = client.get("/library?type=video", headers={"Accept": "text/html"}, allow_redirects=False)
    assert (first.status_code, first.headers["Location"]) == (303, "/login?next=%2Flibrary%3Ftype%3Dvideo")
    form = {"username": "admin", "password": stack.admin_password, "next": "/library?type=video"}
    second = client.post("/login", data=form, allow_redirects=False)
    assert (second.status_code, second.headers["Location"]) == (303, "/library?type=video")
    assert "Library" in client.get("/library", headers={"Accept": "text/html"}).text


def test_a_page_refreshes_an_expired_token_by_itself(stack):
    client = stack.session()
    client.cookies.set("__Host-sluice", None)
    client.cookies.set("__Host-sluice", "a.b.c", domain="localhost.local", path="/", secure=True)
    answer = client.get("/library", headers={"Accept": "text/html"}, allow_redirects=False)
    assert answer.status_code == 200 and client.get("/api/auth/me").status_code == 200


def test_T11_a_sign_in_leads_nowhere_else(stack):
    form = {"username": "admin", "password": stack.admin_password, "next": "//evil.test/x"}
    answer = stack.session(None).post("/login", data=form, allow_redirects=False)
    assert answer.headers["Location"] == "/library"


def test_T09_another_site_cannot_sign_out(stack):
    client = stack.session()
    answer = client.post("/api/auth/logout", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "SEC_002")
    assert client.get("/api/auth/me").status_code == 200

"""No other site changes anything (threat T09)."""

from __future__ import annotations

import falcon
import falcon.testing
import pytest

from control.errors import ControlError
from control.middleware.origin import SameOrigin
from control.services.tokens import FormTokens, SigningKeys
from nginx import contract

TOKENS = FormTokens(SigningKeys("k2", {"k1": "11" * 32, "k2": "22" * 32}))
DEVICE = "d" * 32
COOKIE = {"Cookie": f"{contract.DEVICE_COOKIE.name}={DEVICE}"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def client():
    class Anything:
        def on_post(self, req, resp):
            resp.status = 204

        on_get = on_delete = on_post

    app = falcon.App(middleware=[SameOrigin(TOKENS, ["https://app.test"])])
    app.add_route("/x", Anything())
    app.add_error_handler(ControlError, lambda req, resp, error, params: setattr(resp, "status", error.status))
    return falcon.testing.TestClient(app, headers={"Host": "sluice.test:1027"})


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 204),
        ({"Sec-Fetch-Site": "none"}, 204),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),  # a sibling subdomain is another site to us
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://sluice.test:1027"}, 403),
        ({"Origin": "https://sluice.test:1027"}, 204),
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "https://sluice.test:1028"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 204),  # curl: no browser, no ambient cookie
    ],
)
def test_T09_a_change_comes_from_our_own_pages(client, headers, status):
    assert client.simulate_post("/x", headers=headers).status_code == status
    assert client.simulate_delete("/x", headers=headers).status_code == status


def test_T09_a_page_of_an_allowed_origin_uses_its_own_credentials_and_no_cookies(client):
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "https://app.test"}
    assert client.simulate_post("/x", headers=cross | {"Authorization": "Bearer x"}).status_code == 204
    for origin in ("https://app.test:444", "http://app.test", "https://app.test.evil.test"):
        assert client.simulate_post("/x", headers=cross | {"Origin": origin}).status_code == 403
    for name in (contract.ACCESS_COOKIE.name, "of-another-issuer"):
        assert client.simulate_post("/x", headers=cross | {"Cookie": f"{name}=x"}).status_code == 403


def test_reading_is_free(client):
    assert client.simulate_get("/x", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 204


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_T09_a_browser_that_says_nothing_of_its_page_needs_the_token_of_the_form(client, content_type):
    """An old browser sends a form of another site with our cookies, and neither Sec-Fetch-Site nor Origin."""
    forged = client.simulate_post("/x", headers={**COOKIE, "Content-Type": content_type}, body="a=b")
    assert forged.status_code == 403


@pytest.mark.parametrize(
    ("token", "status"),
    [(TOKENS.mint(DEVICE), 204), (TOKENS.mint("e" * 32), 403), ("", 403), ("%C3%A9", 403), ("0" * 64, 403)],
)
def test_T09_the_token_is_bound_to_the_device(client, token, status):
    sent = client.simulate_post("/x", headers={**COOKIE, **FORM}, params={}, body=f"csrf={token}".encode())
    assert sent.status_code == status


def test_a_form_token_of_the_key_before_is_still_good(client):
    old = FormTokens(SigningKeys("k1", {"k1": "11" * 32})).mint(DEVICE)
    assert client.simulate_post("/x", headers={**COOKIE, **FORM}, body=f"csrf={old}").status_code == 204


def test_a_script_with_cookies_needs_no_token_for_json(client):
    """No form can send it, and fetch() of another site would have to ask first (CORS preflight)."""
    headers = {**COOKIE, "Content-Type": "application/json"}
    assert client.simulate_post("/x", headers=headers, body="{}").status_code == 204

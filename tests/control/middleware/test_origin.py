"""No other site changes anything (threat T09)."""

from __future__ import annotations

import falcon
import falcon.testing
import pytest

from control.errors import ControlError
from control.middleware.origin import SameOrigin


@pytest.fixture
def client():
    class Anything:
        def on_post(self, req, resp):
            resp.status = 204

        on_get = on_delete = on_post

    app = falcon.App(middleware=[SameOrigin()])
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


def test_reading_is_free(client):
    assert client.simulate_get("/x", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 204

"""SEC_001 in control: it believes no configuration of Nginx but its own (threat L02: the address is Nginx's)."""

from __future__ import annotations

import falcon
import falcon.testing
import pytest

from control.errors import ControlError
from control.middleware.networks import AllowedNetworks
from control.settings.sections import Server
from nginx import contract


@pytest.fixture
def client():
    class Anything:
        def on_get(self, req, resp):
            resp.status = 204

    app = falcon.App(middleware=[AllowedNetworks(Server().allowed_networks)])
    app.add_route("/x", Anything())
    app.add_error_handler(ControlError, lambda req, resp, error, params: setattr(resp, "status", error.status))
    return falcon.testing.TestClient(app)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 204), ("192.168.1.7", 204), ("10.255.0.1", 204), ("172.31.0.1", 204), ("::1", 204), ("fd12::7", 204),
        ("::ffff:192.168.1.7", 204), ("8.8.8.8", 403), ("172.32.0.1", 403), ("2001:db8::1", 403), ("::ffff:8.8.8.8", 403),
        ("", 403), ("localhost", 403), ("192.168.1.7, 8.8.8.8", 403),
    ],
)  # fmt: skip
def test_only_allowed_networks_are_answered(client, address, status):
    assert client.simulate_get("/x", headers={contract.CLIENT_ADDRESS.name: address}).status_code == status


def test_a_forwarded_address_counts_for_nothing(client):
    headers = {contract.CLIENT_ADDRESS.name: "8.8.8.8", "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1"}
    assert client.simulate_get("/x", headers=headers).status_code == 403


def test_without_nginx_there_is_no_address_and_no_answer(client):
    assert client.simulate_get("/x").status_code == 403

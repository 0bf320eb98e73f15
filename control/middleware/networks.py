"""SEC_001 once more: Nginx refuses other networks first, and control believes no configuration but its own."""

from __future__ import annotations

import functools
from ipaddress import ip_address, ip_network

import falcon

from control.errors import NetworkNotAllowed
from control.resources.credentials import client_address


class AllowedNetworks:
    def __init__(self, networks: list[str]):
        self._networks = [ip_network(network) for network in networks]
        self.allowed = functools.lru_cache(maxsize=10_000)(self._is_allowed)

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Raises NetworkNotAllowed."""
        if not self.allowed(client_address(req)):
            raise NetworkNotAllowed()

    def _is_allowed(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        parsed = getattr(parsed, "ipv4_mapped", None) or parsed
        return any(parsed in network for network in self._networks)


class RouteNetworks:
    """One route has allowed networks of its own, besides everybody's."""

    def __init__(self, template: str, networks: list[str]):
        self._template, self._networks = template, AllowedNetworks(networks)

    def process_resource(self, req: falcon.Request, resp: falcon.Response, resource, params: dict) -> None:
        """Raises NetworkNotAllowed."""
        if req.uri_template == self._template:
            self._networks.process_request(req, resp)

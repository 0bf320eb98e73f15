"""The right of a route is asked here, before any resource runs: what routes.py names cannot be forgotten."""

from __future__ import annotations

from collections.abc import Mapping

import falcon

from control.domain.rights import INTERNAL, Right
from control.domain.sessions import ANONYMOUS, Principal
from control.errors import ControlError, NotFound
from control.resources import cookies
from control.resources.credentials import asker, client_address, decision_id, device
from control.resources.outcome import required
from control.services.decisions import may
from control.services.identity import Identity
from control.services.limits import RequestLimits
from control.services.sessions import Sessions
from nginx import contract


class Rights:
    """`table` is (URI template, method) -> right; a page in `pages` refreshes an expired token by itself."""

    def __init__(
        self, table: Mapping[tuple[str, str], Right], pages: frozenset[str], identity: Identity, sessions: Sessions,
        limits: RequestLimits, refresh_seconds: int,
    ):  # fmt: skip
        self._table, self._pages, self._identity, self._sessions = table, pages, identity, sessions
        self._limits, self._refresh_seconds = limits, refresh_seconds

    def process_resource(self, req: falcon.Request, resp: falcon.Response, resource, params: dict) -> None:
        right = self._table.get((req.uri_template, req.method))
        if right is INTERNAL:
            only_from_nginx(req)
        elif right is not None and right.role is not None:
            req.context.principal = principal = self._asker(req, resp)
            resp.set_header(contract.VERDICT.name, principal.user_id or principal.kind)  # for Nginx's log
            self._limits.enter(principal, client_address(req))
            required(may(principal, right, decision_id(req)))

    def _asker(self, req: falcon.Request, resp: falcon.Response) -> Principal:
        try:
            return asker(req, self._identity)
        except ControlError as error:
            self._limits.enter(ANONYMOUS, client_address(req))
            token = req.cookies.get(contract.REFRESH_COOKIE.name)
            if error.status != 401 or not token or req.uri_template not in self._pages:
                raise
        # A page has no script to do this.
        opened = self._sessions.refresh(token, device(req), decision_id(req))
        cookies.set_session(resp, opened, self._refresh_seconds)
        return opened.principal


def only_from_nginx(req: falcon.Request) -> None:
    """A second lock: the locations are `internal`, and Nginx alone sets this header. Raises NotFound."""
    if req.env.get(contract.INTERNAL_HOP.environ) != "1":
        raise NotFound()

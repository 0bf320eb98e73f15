"""create_app: the WSGI application from its collaborators. Reads no environment, opens nothing."""

from __future__ import annotations

import falcon
import structlog

from control import routes
from control.bootstrap import Services
from control.errors import (
    BadRequest,
    ControlError,
    InternalError,
    InvalidCredentials,
    MethodNotAllowed,
    NameTaken,
    NotFound,
    TooManyDevices,
)  # fmt: skip
from control.middleware.caching import NoStore
from control.middleware.counting import Counting
from control.middleware.networks import AllowedNetworks, RouteNetworks
from control.middleware.origin import SameOrigin
from control.middleware.rights import Rights
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.outcome import answer
from control.resources.pages.rendering import Renderer, refuse_page, wants_page
from nginx import contract

log = structlog.get_logger()

_FROM_FALCON = {404: NotFound, 405: MethodNotAllowed}


def create_app(services: Services) -> falcon.App:
    app = falcon.App()
    render = Renderer(services.form_tokens)
    app.req_options.strip_url_path_trailing_slash = False
    table = routes.add(app, services, render)
    for layer in _middleware(services, table):
        app.add_middleware(layer)
    _answer_errors(app, services, render)
    return app


def _middleware(services: Services, table: list[routes.Route]) -> list:
    pages = frozenset(route.path for route in table if route.page)
    return [
        Counting(services.counts),
        NoStore(),
        AllowedNetworks(services.settings.server.allowed_networks),
        RouteNetworks(contract.METRICS.path, services.settings.metrics.allowed_networks),
        SameOrigin(services.form_tokens, services.settings.server.cors_origins),
        Rights(
            routes.rights(table), pages, services.identity, services.sessions, services.request_limits,
            services.settings.session.refresh_days * 86400,
        ),
    ]  # fmt: skip


def _answer_errors(app: falcon.App, services: Services, render: Renderer) -> None:
    def refuse(req: falcon.Request, resp: falcon.Response, error: ControlError, params) -> None:
        principal = principal_of(req)
        services.counts.refused(error.code, error.reason)
        _note(services, req, error)
        if wants_page(req):
            refuse_page(render, req, resp, error, principal)
        else:
            answer(req, resp, error, decision_id(req), principal.user_id or principal.kind)

    def refuse_http(req, resp, error: falcon.HTTPError, params) -> None:
        known = _FROM_FALCON.get(error.status_code)
        resp.set_headers(error.headers or {})  # Allow, with a 405
        refuse(req, resp, known() if known else BadRequest(error.description or error.title), params)

    def fail(req, resp, error: Exception, params) -> None:
        log.exception("unexpected_error", path=contract.logged_path(req.path), decision=decision_id(req))
        refuse(req, resp, InternalError(), params)

    app.add_error_handler(Exception, fail)
    app.add_error_handler(falcon.HTTPError, refuse_http)
    app.add_error_handler(ControlError, refuse)


# What is in the trail already, under a better name, or is no refusal.
_NOTED = (InvalidCredentials, NameTaken, TooManyDevices)
_REFUSALS = ("AUTH_", "SEC_", "LIMIT_", "MEDIA_001", "SHARE_")


def _note(services: Services, req: falcon.Request, error: ControlError) -> None:
    """Every refusal is in the audit trail; mistakes and outages are not refusals."""
    internal = req.path.startswith(contract.INTERNAL)
    if internal or isinstance(error, _NOTED) or not error.code.startswith(_REFUSALS):
        return
    services.audit.refused(
        principal_of(req), address=client_address(req), decision=decision_id(req), reason=error.reason or error.code,
        details={"path": contract.logged_path(req.path)[:200], "method": req.method, "code": error.code},
    )  # fmt: skip

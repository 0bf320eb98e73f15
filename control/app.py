"""create_app: the WSGI application from its collaborators. Reads no environment, opens nothing."""

from __future__ import annotations

import falcon
import structlog

from control import routes
from control.bootstrap import Services
from control.errors import BadRequest, ControlError, InternalError, MethodNotAllowed, NotFound
from control.middleware.origin import SameOrigin
from control.resources.credentials import decision_id
from control.resources.outcome import answer
from control.resources.pages.rendering import Renderer, refuse_page, wants_page

log = structlog.get_logger()

_FROM_FALCON = {404: NotFound, 405: MethodNotAllowed}


def create_app(services: Services) -> falcon.App:
    app = falcon.App(middleware=[SameOrigin()])
    render = Renderer()
    app.req_options.strip_url_path_trailing_slash = False
    routes.add(app, services, render)

    def refuse(req: falcon.Request, resp: falcon.Response, error: ControlError, params) -> None:
        if wants_page(req):
            refuse_page(render, req, resp, error)
        else:
            answer(resp, error, decision_id(req))

    def refuse_http(req, resp, error: falcon.HTTPError, params) -> None:
        known = _FROM_FALCON.get(error.status_code)
        refuse(req, resp, known() if known else BadRequest(error.description or error.title), params)

    def fail(req, resp, error: Exception, params) -> None:
        log.exception("unexpected_error", path=req.path, decision=decision_id(req))
        refuse(req, resp, InternalError(), params)

    app.add_error_handler(Exception, fail)
    app.add_error_handler(falcon.HTTPError, refuse_http)
    app.add_error_handler(ControlError, refuse)
    return app

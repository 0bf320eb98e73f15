"""/login and /logout: in and out, by form."""

from __future__ import annotations

import falcon

from control.domain.sessions import Principal
from control.errors import ControlError, InvalidCredentials
from control.resources import cookies
from control.resources.auth import sign_out
from control.resources.credentials import access_token, client_address, decision_id, device, signed_in
from control.resources.pages.rendering import HOME, Renderer, raise_see_other, safe_next
from control.services.sessions import Sessions
from nginx import contract


class PageSessions:
    """Who looks at a page. A page has no script to refresh its token, so an expired one is refreshed here."""

    def __init__(self, sessions: Sessions, refresh_seconds: int):
        self._sessions, self._refresh_seconds = sessions, refresh_seconds

    def signed_in(self, req: falcon.Request, resp: falcon.Response) -> Principal:
        try:
            return signed_in(req, self._sessions)
        except ControlError as error:
            refresh_token = req.cookies.get(contract.REFRESH_COOKIE.name)
            if error.status != 401 or not refresh_token:
                raise
        opened = self._sessions.refresh(refresh_token, client_address(req), decision_id(req))
        cookies.set_session(resp, opened, self._refresh_seconds)
        return opened.principal


class Home:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise falcon.HTTPSeeOther(HOME)


class Login:
    def __init__(self, render: Renderer, sessions: Sessions, refresh_seconds: int):
        self._render, self._sessions, self._refresh_seconds = render, sessions, refresh_seconds

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        if access_token(req):
            try:
                signed_in(req, self._sessions)
                raise falcon.HTTPSeeOther(safe_next(req.get_param("next")))
            except ControlError:
                pass  # the cookie is dead: show the form
        self._render.page(resp, "login", next=safe_next(req.get_param("next")), username="")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = req.get_media(default_when_empty={})
        username, asking = str(form.get("username", "")), device(req)
        following = safe_next(form.get("next"))
        try:
            opened = self._sessions.sign_in(username, str(form.get("password", "")), asking, decision_id(req))
        except InvalidCredentials as error:
            resp.status = error.status
            shown = {"code": error.code, "message": error.message, "details": error.details}
            return self._render.page(resp, "login", next=following, username=username[:255], error=shown)
        cookies.set_session(resp, opened, self._refresh_seconds, asking.id)
        raise_see_other(resp, following)


class Logout:
    def __init__(self, sessions: Sessions):
        self._sessions = sessions

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        sign_out(req, self._sessions)
        cookies.clear_session(resp)
        raise_see_other(resp, "/login")

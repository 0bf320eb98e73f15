"""POST /api/auth/{login,refresh,logout}, GET /api/auth/me."""

from __future__ import annotations

import falcon

from control.errors import BadRequest, ControlError, SignInRequired
from control.resources import cookies
from control.resources.credentials import client_address, decision_id, device, in_background, signed_in
from control.services.sessions import Sessions
from nginx import contract


def text(body: dict, field: str, required: bool = True) -> str:
    """A string field of a JSON body; raises BadRequest, naming it."""
    value = body.get(field, "")
    if not isinstance(value, str) or (required and not value):
        raise BadRequest(f"The field {field!r} must be a non-empty string.")
    return value


def json_body(req: falcon.Request) -> dict:
    """The JSON object that was sent; an empty body counts as {}."""
    body = req.get_media(default_when_empty={})
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    return body


class Login:
    def __init__(self, sessions: Sessions, refresh_seconds: int):
        self._sessions, self._refresh_seconds = sessions, refresh_seconds

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        body = json_body(req)
        asking = device(req, text(body, "device_name", required=False) or None)
        opened = self._sessions.sign_in(text(body, "username"), text(body, "password"), asking, decision_id(req))
        cookies.set_session(resp, opened, self._refresh_seconds, asking.id)
        resp.media = {
            "access_token": opened.access_token,
            "refresh_token": opened.refresh_token,
            "expires_in": opened.expires_in,
            "user": opened.user.public(),
        }


class Refresh:
    def __init__(self, sessions: Sessions, refresh_seconds: int):
        self._sessions, self._refresh_seconds = sessions, refresh_seconds

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        token = json_body(req).get("refresh_token") or req.cookies.get(contract.REFRESH_COOKIE.name)
        if not isinstance(token, str) or not token:
            raise SignInRequired()
        opened = self._sessions.refresh(token, client_address(req), decision_id(req), not in_background(req))
        cookies.set_session(resp, opened, self._refresh_seconds)
        resp.media = {"access_token": opened.access_token, "expires_in": opened.expires_in}
        if opened.refresh_token:
            resp.media["refresh_token"] = opened.refresh_token


class Logout:
    def __init__(self, sessions: Sessions):
        self._sessions = sessions

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        everywhere = json_body(req).get("logout_all_devices") is True
        ended = sign_out(req, self._sessions, everywhere)
        cookies.clear_session(resp)
        resp.media = {"message": "Logged out successfully", "devices_affected": ended}


def sign_out(req: falcon.Request, sessions: Sessions, everywhere: bool = False) -> int:
    """End what the request is signed in as; a dead session is signed out already (0)."""
    try:
        principal = signed_in(req, sessions)
    except ControlError as error:
        if error.status != 401:
            raise
        return 0
    return sessions.sign_out(principal, everywhere, client_address(req), decision_id(req))


class Me:
    def __init__(self, sessions: Sessions):
        self._sessions = sessions

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal = signed_in(req, self._sessions)
        resp.media = {
            "id": principal.user_id,
            "username": principal.username,
            "full_name": principal.full_name,
            "role": principal.role,
        }

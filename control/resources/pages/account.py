"""/account: one's devices, password and service tokens, by form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import falcon

from control.domain.rights import SCOPES
from control.errors import BadRequest, ControlError
from control.resources import auth, cookies
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.pages.rendering import Renderer, error_shown, raise_see_other
from control.resources.shapes import device_shape, token_shape
from control.services.audit import Audit
from control.services.passwords import Passwords
from control.services.service_tokens import ServiceTokens
from control.services.sessions import Sessions
from control.services.users import Users

PATH = "/account"
_WARNED_DAYS = 7  # how long a session that was ended for safety is told

# What a form has done, told once on the page that it leads to.
_DONE = {
    "password": "Your password is changed. Every other device has been signed out.",
    "device": "The device has been signed out.",
    "others": "Every other device has been signed out.",
    "token": "The token is revoked. What used it is refused from now on.",
}


class Account:
    """The page, and its forms: each one acts, then leads back to it (or shows what was wrong)."""

    def __init__(
        self, render: Renderer, users: Users, sessions: Sessions, tokens: ServiceTokens, passwords: Passwords,
        audit: Audit, own_password: auth.OwnPassword, max_devices: int,
    ):  # fmt: skip
        self._render, self._users, self._sessions, self._tokens = render, users, sessions, tokens
        self._passwords, self._audit, self._own_password = passwords, audit, own_password
        self._max_devices = max_devices

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._page(req, resp, notice=_DONE.get(req.get_param("done")))

    def on_post_password(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = _form(req)
        try:
            self._own_password.change(req, resp, form.get("current", ""), form.get("new", ""))
        except ControlError as error:
            return self._refuse(req, resp, error, "password")
        _done(resp, "password")

    def on_post_end(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, session_id = principal_of(req), _form(req).get("id", "")
        try:
            self._sessions.end_device(principal, session_id, client_address(req), decision_id(req))
        except ControlError as error:
            return self._refuse(req, resp, error, "device")
        if session_id == principal.session_id:
            cookies.clear_session(resp)
            return raise_see_other(resp, "/login")
        _done(resp, "device")

    def on_post_end_others(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._sessions.end_others(principal_of(req), client_address(req), decision_id(req))
        _done(resp, "others")

    def on_post_tokens(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, form = principal_of(req), _form(req)
        scopes = form.get("scope", [])
        try:
            _, secret = self._tokens.mint(
                principal, form.get("name", ""), [scopes] if isinstance(scopes, str) else scopes,
                _days(form.get("expires_days", "0")), principal, client_address(req), decision_id(req),
            )  # fmt: skip
        except ControlError as error:
            return self._refuse(req, resp, error, "token")
        self._page(req, resp, new_token=secret)

    def on_post_revoke(self, req: falcon.Request, resp: falcon.Response) -> None:
        try:
            self._tokens.revoke(_form(req).get("id", ""), principal_of(req), client_address(req), decision_id(req))
        except ControlError as error:
            return self._refuse(req, resp, error, "token")
        _done(resp, "token")

    def _refuse(self, req: falcon.Request, resp: falcon.Response, error: ControlError, form: str) -> None:
        if error.status >= 500:
            raise error
        resp.status = error.status
        self._page(req, resp, error=error_shown(error, decision_id(req)) | {"form": form})

    def _page(
        self, req: falcon.Request, resp: falcon.Response, notice: str | None = None, error: dict | None = None,
        new_token: str | None = None,
    ) -> None:  # fmt: skip
        principal = principal_of(req)
        user = self._users.get(principal.user_id)
        self._render.page(
            req, resp, "account", principal,
            account=user.public() | {"last_sign_in": _iso(user.last_sign_in_at)},
            devices=[device_shape(device, principal.session_id) for device in self._sessions.devices(user.id)],
            max_devices=self._max_devices,
            tokens=[token_shape(token) for token in self._tokens.of(user.id)],
            scopes=[{"name": name, "says": says} for name, says in SCOPES.items()],
            password_rules=self._passwords.rules(),
            notice=notice or self._warning(user.id), error=error, new_token=new_token,
        )  # fmt: skip

    def _warning(self, user_id: str) -> str | None:
        """A session that was ended because somebody else seemed to use it (threat T06: its user is told)."""
        ended = self._audit.ended_for_safety(user_id, datetime.now(UTC) - timedelta(days=_WARNED_DAYS))
        if not ended:
            return None
        when, device = ended[0].at.strftime("%Y-%m-%d %H:%M UTC"), ended[0].details.get("device", "a device")
        return (
            f"For your safety a session was ended on {when}: its sign-in was used twice, the second time by {device}. "
            "If that was not you, change your password."
        )


def _form(req: falcon.Request) -> dict:
    form = req.get_media(default_when_empty={})
    return form if isinstance(form, dict) else {}


def _done(resp: falcon.Response, what: str) -> None:
    raise_see_other(resp, f"{PATH}?done={what}")


def _days(text: str) -> int | None:
    if not text.isascii() or not text.isdigit():
        raise BadRequest("Choose how long the token lives.")
    return int(text) or None


def _iso(moment: datetime | None) -> str | None:
    return moment and moment.isoformat(timespec="seconds")

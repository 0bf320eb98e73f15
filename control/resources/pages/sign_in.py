"""/login and /logout: in and out, by form."""

from __future__ import annotations

import re

import falcon

from control.errors import ControlError, InvalidCredentials, SignInBusy, TooManyDevices, TooManyTries
from control.resources import cookies
from control.resources.auth import sign_out
from control.resources.credentials import asker_or_stranger, decision_id, device
from control.resources.outcome import annotate
from control.resources.pages.rendering import HOME, Renderer, error_shown, raise_see_other, safe_next
from control.resources.shapes import device_shape
from control.services.identity import Identity
from control.services.sessions import Sessions, SignedIn
from control.services.sign_ins import SignIns
from nginx import contract

_LONGEST_NAME = 255


class Home:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise_see_other(resp, HOME)


class Login:
    def __init__(self, render: Renderer, sign_ins: SignIns, identity: Identity, refresh_seconds: int):
        self._render, self._sign_ins, self._identity = render, sign_ins, identity
        self._refresh_seconds = refresh_seconds

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        following = safe_next(req.get_param("next"))
        if asker_or_stranger(req, self._identity).user_id:
            return raise_see_other(resp, following)
        self._form(req, resp, following)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = req.get_media(default_when_empty={})
        following, asking = safe_next(_text(form, "next")), device(req)
        try:
            opened = self._opened(form, asking, decision_id(req))
        except (InvalidCredentials, TooManyTries, SignInBusy, TooManyDevices) as error:
            resp.status = error.status
            annotate(req, resp, error, "anonymous")
            again = bool(_text(form, "choice_token"))
            return self._form(req, resp, following, _text(form, "username")[:_LONGEST_NAME], error, again)
        cookies.set_session(resp, opened, self._refresh_seconds, asking.id)
        raise_see_other(resp, following)

    def _opened(self, form: dict, asking, decision: str) -> SignedIn:
        if choice_token := _text(form, "choice_token"):
            return self._sign_ins.by_choice(choice_token, _ids(form, "end"), asking, decision)
        return self._sign_ins.by_password(_text(form, "username"), _text(form, "password"), asking, decision)

    def _form(
        self, req: falcon.Request, resp: falcon.Response, following: str, username: str = "",
        error: ControlError | None = None, again: bool = False,
    ) -> None:  # fmt: skip
        """The form; after TooManyDevices the one to choose devices by, which is an error only the second time."""
        choice = error if isinstance(error, TooManyDevices) else None
        wrong = error_shown(error) if error and (again or not choice) else None
        self._render.page(
            req, resp, "login", next=following, username=username,
            error=wrong and (wrong | {"details": "Tick at least one."} if choice else wrong),
            devices=[device_shape(one) for one in choice.devices] if choice else None,
            limit=choice.limit if choice else 0, choice_token=choice.choice_token if choice else "",
        )  # fmt: skip


def _text(form: dict, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else str(value[-1])


def _ids(form: dict, name: str) -> list[str]:
    """The ids among what was sent; anything else names no device."""
    value = form.get(name, [])
    sent = [value] if isinstance(value, str) else list(value)
    return [one for one in sent if re.fullmatch(contract.UUID, one)]


class Logout:
    def __init__(self, sessions: Sessions, identity: Identity):
        self._sessions, self._identity = sessions, identity

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        sign_out(req, self._sessions, self._identity)
        cookies.clear_session(resp)
        raise_see_other(resp, "/login")

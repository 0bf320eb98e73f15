"""/admin/users: the list, and one user with everything that can be changed."""

from __future__ import annotations

import falcon

from control.domain.users import ROLES
from control.errors import BadRequest
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.pages.admin.desk import Desk, checked, field, form_of, id_field, page_number
from control.resources.sessions import user_device_shape
from control.resources.users import Changes, Leaving, NewUser, UserChange, UsersQuery, page_of, user_shape
from control.services.passwords import Passwords
from control.services.sessions import Sessions
from control.services.uploads import Uploads
from control.services.users import Users

PATH = "/admin/users"
GB = 10**9
ACTS = ("change", "password", "disable", "enable", "end", "end-all", "delete")
_FILTERS = ("query", "role", "state")


class People:
    """The list, and the form for a new one."""

    def __init__(self, desk: Desk, users: Users, uploads: Uploads, passwords: Passwords):
        self._desk, self._users, self._uploads, self._passwords = desk, users, uploads, passwords
        self._changes = Changes(users)

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._list(req, resp)

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A new user; a password that was made is shown on the page that follows, and never again."""
        self._desk.act(
            req, resp, lambda: self._changes.create(req, checked(NewUser, _new(req))),
            lambda made: self._list(req, resp, made=made),
            lambda error: self._list(req, resp, error=error, given=form_of(req)),
        )  # fmt: skip

    def _list(self, req: falcon.Request, resp: falcon.Response, error=None, given=None, made=None) -> None:
        sought = {name: req.method == "GET" and req.get_param(name) or "" for name in _FILTERS}
        wanted = checked(UsersQuery, {n: v for n, v in sought.items() if v} | {"page": page_number(req)})
        found = page_of(self._users, wanted)
        self._desk.page(
            req, resp, "users", error=error, users=found["data"], pagination=found["pagination"], sought=sought,
            roles=ROLES, password_rules=self._passwords.rules(), given=given or {}, made=made,
            default_quota=self._uploads.default_quota,
        )  # fmt: skip


class Person:
    """One user; each act leads back here."""

    def __init__(
        self, desk: Desk, users: Users, sessions: Sessions, uploads: Uploads, passwords: Passwords,
        default_streams: int,
    ):  # fmt: skip
        self._default_streams = default_streams
        self._desk, self._users, self._sessions = desk, users, sessions
        self._uploads, self._passwords, self._changes = uploads, passwords, Changes(users)

    def on_get(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        self._page(req, resp, str(user_id))

    def on_post_change(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        self._act(req, resp, user_id, "change", lambda: self._change(req, str(user_id), _change(req)))

    def on_post_disable(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        self._act(req, resp, user_id, "disable", lambda: self._change(req, str(user_id), {"active": False}))

    def on_post_enable(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        self._act(req, resp, user_id, "enable", lambda: self._change(req, str(user_id), {"active": True}))

    def on_post_end(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        asked = (principal_of(req), id_field(req), client_address(req), decision_id(req))
        self._act(req, resp, user_id, "end", lambda: self._sessions.end_device(*asked))

    def on_post_end_all(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        asked = (str(user_id), principal_of(req), client_address(req), decision_id(req))
        self._act(req, resp, user_id, "end-all", lambda: self._sessions.end_devices_of(*asked))

    def on_post_password(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        """A password that was made is shown on the page that follows, and never again."""
        given = field(req, "password") or None
        self._desk.act(
            req, resp, lambda: self._changes.set_password(req, str(user_id), given),
            lambda outcome: self._page(req, resp, str(user_id), made=outcome[1], done="password"),
            lambda error: self._page(req, resp, str(user_id), error=error | {"form": "password"}),
        )  # fmt: skip

    def on_post_delete(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        leaving = checked(Leaving, {"media": field(req, "media"), "to": field(req, "to") or None})
        self._desk.act(
            req, resp, lambda: self._changes.delete(req, str(user_id), leaving), f"{PATH}?done=delete",
            lambda error: self._page(req, resp, str(user_id), error=error | {"form": "delete"}),
        )  # fmt: skip

    def _change(self, req: falcon.Request, user_id: str, fields: dict) -> None:
        self._changes.change(req, user_id, checked(UserChange, fields))

    def _act(self, req: falcon.Request, resp: falcon.Response, user_id, act: str, do) -> None:
        self._desk.act(
            req, resp, do, f"{PATH}/{user_id}?done={act}",
            lambda error: self._page(req, resp, str(user_id), error=error | {"form": act}),
        )  # fmt: skip

    def _page(
        self, req: falcon.Request, resp: falcon.Response, user_id: str, error=None, made=None, done=None
    ) -> None:  # fmt: skip
        person, principal = user_shape(self._users.summary(user_id)), principal_of(req)
        devices = [user_device_shape(device, principal.session_id) for device in self._sessions.devices(user_id)]
        self._desk.page(
            req, resp, "user", error=error, done=done, person=person, devices=devices, made=made, roles=ROLES,
            heirs=[admin for admin in self._users.admins() if admin.id != user_id],
            oneself=user_id == principal.user_id, password_rules=self._passwords.rules(),
            default_quota=self._uploads.default_quota,
            default_streams=self._default_streams,
        )  # fmt: skip


def _new(req: falcon.Request) -> dict:
    form = form_of(req)
    asked = {name: form.get(name) for name in ("username", "role", "full_name", "email", "password")}
    return {name: value for name, value in asked.items() if value} | _quota(form)


def _change(req: falcon.Request) -> dict:
    form = form_of(req)
    asked = {name: form[name] for name in ("role", "full_name", "email", "max_streams") if name in form}
    asked |= {name: asked[name] or None for name in ("email", "max_streams") if name in asked}
    return asked | _quota(form)


def _quota(form: dict) -> dict:
    """A choice, and a number of GB beside it; raises BadRequest."""
    choice = form.get("quota")
    if choice in (None, "default"):
        return {} if choice is None else {"quota_bytes": None}
    try:
        return {"quota_bytes": 0 if choice == "none" else max(1, round(float(form.get("quota_gb") or "") * GB))}
    except (TypeError, ValueError, OverflowError):
        raise BadRequest("Say how many GB they may upload.") from None

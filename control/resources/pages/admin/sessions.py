"""/admin/sessions: everybody's devices, and ending them."""

from __future__ import annotations

import falcon

from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.pages.admin.desk import Desk, id_field
from control.resources.sessions import user_device_shape
from control.services.sessions import Sessions

PATH = "/admin/sessions"


class Devices:
    def __init__(self, desk: Desk, sessions: Sessions):
        self._desk, self._sessions = desk, sessions

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._page(req, resp)

    def on_post_end(self, req: falcon.Request, resp: falcon.Response) -> None:
        asked = (principal_of(req), id_field(req), client_address(req), decision_id(req))
        self._desk.act(
            req, resp, lambda: self._sessions.end_device(*asked), f"{PATH}?done=end",
            lambda error: self._page(req, resp, error),
        )  # fmt: skip

    def _page(self, req: falcon.Request, resp: falcon.Response, error: dict | None = None) -> None:
        query = (req.get_param("query") or "").strip().lower()
        current = principal_of(req).session_id
        found = [user_device_shape(device, current) for device in self._sessions.devices()]
        shown = [d for d in found if query in f"{d['username']} {d['device_name']} {d['ip_address']}".lower()]
        self._desk.page(
            req, resp, "sessions", error=error, devices=shown, total=len(found), query=query,
            people=len({device["user_id"] for device in found}),
        )  # fmt: skip

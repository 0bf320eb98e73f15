"""/admin/mounts: whether the mounts are there, and what waits for somebody's yes."""

from __future__ import annotations

import falcon

from control.resources.credentials import principal_of
from control.resources.pages.admin.desk import Desk, field, where
from control.services.mounts import Mounts
from control.settings.sections import Mount

PATH = "/admin/mounts"


class Places:
    def __init__(self, desk: Desk, mounts: Mounts, settings: list[Mount]):
        self._desk, self._mounts, self._settings = desk, mounts, settings

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._page(req, resp)

    def on_post_confirm(self, req: falcon.Request, resp: falcon.Response) -> None:
        name, by = field(req, "name"), principal_of(req)
        self._desk.act(
            req, resp, lambda: self._mounts.confirm(name, by, **where(req)), f"{PATH}?done=confirm",
            lambda error: self._page(req, resp, error),
        )  # fmt: skip

    def _page(self, req: falcon.Request, resp: falcon.Response, error: dict | None = None) -> None:
        seen = {state.name: (state, items) for state, items in self._mounts.all()}
        known = {mount.name: mount for mount in self._settings}
        rows = [
            {"name": name, "settings": known.get(name), "state": seen[name][0] if name in seen else None,
             "items": seen[name][1] if name in seen else 0}
            for name in dict.fromkeys([*known, *seen])
        ]  # fmt: skip
        self._desk.page(req, resp, "mounts", error=error, mounts=rows)

"""/admin/quarantine: what was refused and why; trying again, and removing."""

from __future__ import annotations

import falcon

from control.resources.pages.admin.desk import Desk, page_number
from control.services.quarantine import Quarantine
from control.services.queue import Queue

PATH = "/admin/quarantine"
PAGE = 50


class Refusals:
    def __init__(self, desk: Desk, quarantine: Quarantine, queue: Queue):
        self._desk, self._quarantine, self._queue = desk, quarantine, queue

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._page(req, resp)

    def on_post_retry(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._act(req, resp, "retry", self._queue.retry)

    def on_post_remove(self, req: falcon.Request, resp: falcon.Response) -> None:
        self._act(req, resp, "remove", self._quarantine.remove)

    def _act(self, req: falcon.Request, resp: falcon.Response, act: str, do) -> None:
        self._desk.steer(req, resp, do, f"{PATH}?done={act}", lambda error: self._page(req, resp, error))

    def _page(self, req: falcon.Request, resp: falcon.Response, error: dict | None = None) -> None:
        page, total = page_number(req), self._quarantine.count()
        self._desk.page(
            req, resp, "quarantine", error=error, refused=self._quarantine.failed(PAGE, (page - 1) * PAGE),
            turned_away=self._quarantine.turned_away() if page == 1 else [],
            pagination={"total": total, "page": page, "limit": PAGE, "pages": -(-total // PAGE)},
        )  # fmt: skip

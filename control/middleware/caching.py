"""What control answers is for one asker: nothing of it is kept unless a resource says so."""

from __future__ import annotations

import falcon

from control.resources.delivery import ACCEL_HEADER


class NoStore:
    def process_response(self, req: falcon.Request, resp: falcon.Response, resource, succeeded: bool) -> None:
        # A file that Nginx sends is its location's business.
        if resp.get_header("Cache-Control") is None and resp.get_header(ACCEL_HEADER) is None:
            resp.set_header("Cache-Control", "private, no-store")

"""GET /api/admin/quarantine/{id}/original: a file that was refused, for whoever wants to see what is wrong with it."""

from __future__ import annotations

import falcon

from control.errors import MediaNotFound
from control.resources.delivery import content_disposition, hand_over
from control.resources.openapi import describe
from control.services.quarantine import Quarantine
from nginx import contract


class Original:
    def __init__(self, quarantine: Quarantine):
        self._quarantine = quarantine

    @describe("Administration", also={206: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """A refused file as it came, always as an attachment: nobody knows what is in it."""
        refused = self._quarantine.find(str(media_id))
        if not refused.has_file:
            raise MediaNotFound("Its file does not lie in quarantine/ (any more).")
        hand_over(resp, contract.accel_quarantine(refused.id), "application/octet-stream")
        resp.set_header("Content-Disposition", content_disposition(refused.name))

"""PUT …/edge/logs/{edge}/{piece}: what an edge's log says of deliveries, for the receipts. Asked by the door alone."""

from __future__ import annotations

import falcon

from control.errors import NotFound
from control.resources.uploads import spooled
from control.services.edge_logs import EdgeLogs


class Piece:
    def __init__(self, logs: EdgeLogs):
        self._logs = logs

    def on_put(self, req: falcon.Request, resp: falcon.Response, edge: str, piece: str) -> None:
        if not self._logs.put(edge, piece, spooled(req)):
            raise NotFound()
        resp.status = falcon.HTTP_204

"""GET /metrics, for Prometheus."""

from __future__ import annotations

import falcon

from control.services.metrics import Metrics

TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Exposition:
    def __init__(self, metrics: Metrics):
        self._metrics = metrics

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = TYPE
        resp.data = self._metrics.text()

"""How long each request takes, by the template of its route: what a client sends never becomes a label."""

from __future__ import annotations

import time

import falcon

from control.services import metrics
from control.services.counts import ALLOWED, OTHER, ROUTE, Counts


class Counting:
    def __init__(self, counts: Counts):
        self._counts = counts

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        req.context.began = time.perf_counter()

    def process_response(self, req: falcon.Request, resp: falcon.Response, resource, succeeded: bool) -> None:
        method = req.method if req.method in falcon.HTTP_METHODS else OTHER
        metrics.requested(method, req.uri_template or OTHER, time.perf_counter() - req.context.began)
        if succeeded and hasattr(req.context, "principal"):
            self._counts.decisions[ROUTE, ALLOWED, "role"] += 1

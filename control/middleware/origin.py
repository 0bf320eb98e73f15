"""No other site may make a browser change anything here (CSRF)."""

from __future__ import annotations

from urllib.parse import urlsplit

import falcon

from control.errors import CrossSiteRequest

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SameOrigin:
    """Fetch Metadata first (W3C Sec-Fetch-Site: browsers alone send it, pages cannot forge it), then Origin.

    A request with neither comes from no browser and carries no ambient cookie of a victim.
    """

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        if req.method in SAFE_METHODS:
            return
        site = req.env.get("HTTP_SEC_FETCH_SITE")
        if site is not None:
            if site not in ("same-origin", "none"):
                raise CrossSiteRequest()
            return
        origin = req.env.get("HTTP_ORIGIN")
        if origin is not None and urlsplit(origin).netloc != req.env.get("HTTP_HOST"):
            raise CrossSiteRequest()

"""No other site may make a browser change anything here (CSRF)."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

import falcon

from control.errors import CrossSiteRequest
from control.resources.credentials import device_cookie
from control.services.tokens import FormTokens

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_FIELD, TOKEN_HEADER = "csrf", "HTTP_X_CSRF_TOKEN"

# What a form of another site can send without the browser asking us first (Fetch: CORS-safelisted content types).
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


class SameOrigin:
    """Fetch Metadata first (W3C Sec-Fetch-Site: browsers alone send it, pages cannot forge it), then Origin.

    A page of `origins` (server.cors_origins) may change what a token of its own allows: whatever comes with a cookie is
    held to our own site. A browser that sends neither must show the token of the form, which is bound to its device
    cookie. Everything else without them comes from no browser, or could not have been sent across sites without a
    preflight.
    """

    def __init__(self, tokens: FormTokens, origins: Collection[str] = ()):
        self._tokens, self._origins = tokens, frozenset(origins)

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        if req.method in SAFE_METHODS:
            return
        site, origin = req.env.get("HTTP_SEC_FETCH_SITE"), req.env.get("HTTP_ORIGIN")
        if origin in self._origins and "HTTP_COOKIE" not in req.env:
            return
        if site is not None:
            allowed = site in ("same-origin", "none")
        elif origin is not None:
            allowed = urlsplit(origin).netloc == req.env.get("HTTP_HOST")
        else:
            allowed = not self._ambient(req) or self._has_token(req)
        if not allowed:
            raise CrossSiteRequest()

    def _ambient(self, req: falcon.Request) -> bool:
        """Whether a browser could have been made to send this, with what it keeps for us."""
        content_type = (req.content_type or "").split(";")[0].strip().lower()
        return content_type in _FORMS and device_cookie(req) is not None

    def _has_token(self, req: falcon.Request) -> bool:
        token = req.env.get(TOKEN_HEADER)
        if token is None and (req.content_type or "").startswith(_FORMS[0]):
            token = req.get_media(default_when_empty={}).get(TOKEN_FIELD)
        return isinstance(token, str) and self._tokens.verify(token, device_cookie(req))

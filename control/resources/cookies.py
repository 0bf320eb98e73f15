"""The cookies: all `__Host-` (Secure, Path=/, no Domain), HttpOnly, SameSite=Lax (RFC 6265bis)."""

from __future__ import annotations

from datetime import UTC, datetime

import falcon

from control.services.sessions import SignedIn
from nginx import contract

_PAST = datetime(1970, 1, 2, tzinfo=UTC)
_DEVICE_SECONDS = 400 * 86400  # the longest that browsers keep (RFC 6265bis 5.5)
_VISIT_SECONDS = 30 * 86400


def set_session(resp: falcon.Response, signed_in: SignedIn, refresh_seconds: int, device_id: str | None = None) -> None:
    # The access cookie outlives its token, so that an expired one is told apart (AUTH_002) and refreshed.
    _set(resp, contract.ACCESS_COOKIE, signed_in.access_token, refresh_seconds)
    if signed_in.refresh_token:
        _set(resp, contract.REFRESH_COOKIE, signed_in.refresh_token, refresh_seconds)
    if device_id:
        set_device(resp, device_id)


def set_device(resp: falcon.Response, device_id: str) -> None:
    _set(resp, contract.DEVICE_COOKIE, device_id, _DEVICE_SECONDS)


def set_visit(resp: falcon.Response, value: str | None) -> None:
    """Where there is one to set."""
    if value:
        _set(resp, contract.VISIT_COOKIE, value, _VISIT_SECONDS)


def set_view(resp: falcon.Response, value: str) -> None:
    """Grid or list: what this browser chose last."""
    _set(resp, contract.VIEW_COOKIE, value, _DEVICE_SECONDS)


def view(req: falcon.Request) -> str | None:
    return req.cookies.get(contract.VIEW_COOKIE.name)


def clear_session(resp: falcon.Response) -> None:
    # Not unset_cookie: it leaves Secure out, and a browser ignores a `__Host-` cookie without it.
    for cookie in (contract.ACCESS_COOKIE, contract.REFRESH_COOKIE):
        resp.set_cookie(cookie.name, "", expires=_PAST, path="/", secure=True, http_only=True, same_site="Lax")


def _set(resp: falcon.Response, cookie: contract.Cookie, value: str, seconds: int) -> None:
    resp.set_cookie(cookie.name, value, max_age=seconds, path="/", secure=True, http_only=True, same_site="Lax")

"""From a decision or an error to an HTTP answer: the one format of every error body."""

from __future__ import annotations

from datetime import UTC, datetime

import falcon

from control.domain.decisions import Decision
from control.errors import ControlError, TooManyDevices, table
from control.resources.shapes import device_shape
from nginx import contract

_BY_CODE = {error.code: error for error in table()}


def error_of(code: str, details: str | None = None) -> ControlError:
    """The error that a record names."""
    return _BY_CODE[code](details)


def required(decision: Decision) -> Decision:
    """Return an allowing decision; raise the error that a refusal names."""
    if not decision.allowed:
        raise _BY_CODE[decision.error](reason=decision.reason)
    return decision


def refusal_status(decision: Decision) -> int:
    """401 where signing in would help, else 403: the only refusals that ``auth_request`` understands."""
    return 401 if _BY_CODE[decision.error].status == 401 else 403


def challenge(req: falcon.Request) -> str:
    """WWW-Authenticate (RFC 9110 11.6.1). A browser is not offered Basic: it would open a window of its own."""
    browser = "HTTP_SEC_FETCH_MODE" in req.env or (req.user_agent or "").startswith("Mozilla/")
    return 'Bearer realm="sluice"' if browser else 'Bearer realm="sluice", Basic realm="sluice", charset="UTF-8"'


def error_body(error: ControlError, decision: str) -> dict:
    body = {
        "error": {
            "code": error.code,
            "message": error.message,
            "details": error.details,
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "decision": decision,
        }
    }
    if isinstance(error, TooManyDevices):
        devices = [device_shape(device) for device in error.devices]
        body |= {"devices": devices, "max_devices": error.limit, "choice_token": error.choice_token}
    return body


def answer(req: falcon.Request, resp: falcon.Response, error: ControlError, decision: str, principal: str) -> None:
    """Answer as JSON."""
    resp.status = error.status
    resp.content_type = falcon.MEDIA_JSON  # a resource may have named its own type before it failed
    resp.media = error_body(error, decision)
    resp.set_header("Cache-Control", "no-store")
    annotate(req, resp, error, principal)


def annotate(req: falcon.Request, resp: falcon.Response, error: ControlError, principal: str) -> None:
    """The headers that every refusal has, whatever its body; the verdict goes to Nginx's log."""
    resp.set_header(contract.VERDICT.name, f"{principal} {error.reason or error.code}")
    if error.retry_after:
        resp.set_header("Retry-After", str(error.retry_after))
    if error.status == 401:
        resp.set_header("WWW-Authenticate", challenge(req))

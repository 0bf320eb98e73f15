"""From a decision or an error to an HTTP answer: the one format of every error body."""

from __future__ import annotations

from datetime import UTC, datetime

import falcon

from control.domain.decisions import Decision
from control.errors import ControlError, table

_BY_CODE = {error.code: error for error in table()}


def required(decision: Decision) -> Decision:
    """Return an allowing decision; raise the error that a refusal names."""
    if not decision.allowed:
        raise _BY_CODE[decision.error]()
    return decision


def refusal_status(decision: Decision) -> int:
    """401 where signing in would help, else 403: the only refusals that ``auth_request`` understands."""
    return 401 if _BY_CODE[decision.error].status == 401 else 403


def error_body(error: ControlError, decision: str) -> dict:
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "details": error.details,
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "decision": decision,
        }
    }


def answer(resp: falcon.Response, error: ControlError, decision: str) -> None:
    resp.status = error.status
    resp.content_type = falcon.MEDIA_JSON  # a resource may have named its own type before it failed
    resp.media = error_body(error, decision)
    resp.set_header("Cache-Control", "no-store")
    if error.retry_after:
        resp.set_header("Retry-After", str(error.retry_after))
    if error.status == 401:
        resp.set_header("WWW-Authenticate", 'Bearer realm="sluice"')

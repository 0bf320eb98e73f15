"""How a page is made: templates, the form token, where a browser may be sent, and the page of a refusal."""

from __future__ import annotations

import functools
import hashlib
import uuid
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import falcon
import jinja2

from control.domain.sessions import ANONYMOUS, Principal
from control.errors import ControlError, ShareLocked, SignInRequired
from control.resources import cookies
from control.resources.credentials import decision_id, device_cookie
from control.resources.outcome import annotate
from control.services.tokens import FormTokens
from nginx import contract

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"
HOME = "/library"
_LONGEST_NEXT = 1000
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Renderer:
    """Templates with autoescape; `asset('app.css')` gives a cacheable address that changes with the file."""

    def __init__(self, form_tokens: FormTokens, root: Path = TEMPLATES):
        self._form_tokens, self._static = form_tokens, root / "static"
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(root), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._environment.globals["asset"] = functools.cache(self._asset)
        self._environment.filters["size"] = size

    def _asset(self, name: str) -> str:
        digest = hashlib.sha256((self._static / name).read_bytes()).hexdigest()[:12]
        return f"{contract.STATIC.path}{name}?v={digest}"

    def template(self, name: str) -> jinja2.Template:
        return self._environment.get_template(name)

    def page(
        self, req: falcon.Request, resp: falcon.Response, name: str, principal: Principal = ANONYMOUS, **context
    ) -> None:
        user = principal.user_id and {
            "id": principal.user_id, "username": principal.username, "full_name": principal.full_name,
            "role": principal.role,
        }  # fmt: skip
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Cache-Control", "private, no-store")
        resp.text = self.template(f"{name}.html").render(
            user=user, page=name, csrf=self._form_token(req, resp), **{"error": None, **context}
        )

    def _form_token(self, req: falcon.Request, resp: falcon.Response) -> str:
        """Bound to the device cookie, which a browser gets with its first page; visitors of shares need none."""
        known = device_cookie(req)
        if not known and req.path.startswith(contract.SHARES.path):
            return ""
        device_id = known or uuid.uuid4().hex
        if not known:
            cookies.set_device(resp, device_id)
        return self._form_tokens.mint(device_id)


def size(number: int) -> str:
    """1234567 -> "1.2 MB", as static/sizes.js writes it."""
    value = Decimal(number)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            break
        value /= 1000
    shown = value.quantize(Decimal(1) if value >= 100 else Decimal("0.1"), ROUND_HALF_UP)
    return f"{shown.normalize():f} {unit}"


def error_shown(error: ControlError, decision: str = "") -> dict:
    return {"code": error.code, "message": error.message, "details": error.details, "decision": decision}


def raise_see_other(resp: falcon.Response, path: str) -> None:
    """Answer 303 without dropping the cookies that are set already (an exception would)."""
    resp.status, resp.location = falcon.HTTP_303, path


def safe_next(value: str | None) -> str:
    """A path on this server, or HOME: nothing that a browser could take for another host (threat T11)."""
    if not isinstance(value, str) or not value.startswith("/") or len(value) > _LONGEST_NEXT:
        return HOME
    if "//" in value or "\\" in value or ".." in value or any(ord(c) <= 0x20 or ord(c) == 0x7F for c in value):
        return HOME
    return value


def wants_page(req: falcon.Request) -> bool:
    """Whether a person's browser navigates here, rather than a script."""
    return "text/html" in req.accept and not req.path.startswith(("/api/", contract.INTERNAL))


def refuse_page(
    render: Renderer, req: falcon.Request, resp: falcon.Response, error: ControlError, principal: Principal
) -> None:
    """Send a person to the sign-in page, or show what went wrong."""
    annotate(req, resp, error, principal.user_id or principal.kind)
    shared = req.path.startswith(contract.SHARES.path)
    if shared and isinstance(error, ShareLocked):
        return raise_see_other(resp, "/".join(req.path.split("/")[:3]))
    if error.status == 401 and not shared:
        target = req.path + (f"?{req.query_string}" if req.query_string else "")
        cookies.clear_session(resp) if not isinstance(error, SignInRequired) else None
        return raise_see_other(resp, "/login?next=" + falcon.uri.encode_value(safe_next(target)))
    resp.status = error.status
    shown = error_shown(error, decision_id(req))
    render.page(req, resp, "error", principal, status=error.status, error=shown, shared=shared)

"""The pages: rendered by Jinja2, signed in by cookie, usable without JavaScript."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import falcon
import jinja2

from control.domain.sessions import Principal
from control.errors import ControlError, InvalidCredentials, SignInRequired
from control.resources import cookies
from control.resources.auth import sign_out
from control.resources.credentials import access_token, client_address, decision_id, device, signed_in
from control.resources.media import DEFAULT_LIMIT, as_json, filters, number, pagination
from control.resources.outcome import required
from control.services.decisions import decide
from control.services.library import Library
from control.services.sessions import Sessions
from nginx import contract

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
HOME = "/library"
_LONGEST_NEXT = 1000


class Renderer:
    """Templates with autoescape; `asset('app.css')` gives a cacheable address that changes with the file."""

    def __init__(self, root: Path = TEMPLATES):
        self._static = root / "static"
        self._environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(root), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        self._environment.globals["asset"] = functools.cache(self._asset)

    def _asset(self, name: str) -> str:
        digest = hashlib.sha256((self._static / name).read_bytes()).hexdigest()[:12]
        return f"{contract.STATIC.path}{name}?v={digest}"

    def page(self, resp: falcon.Response, name: str, principal: Principal | None = None, **context) -> None:
        user = principal and {
            "id": principal.user_id, "username": principal.username, "full_name": principal.full_name,
            "role": principal.role,
        }  # fmt: skip
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Cache-Control", "private, no-store")
        resp.text = self._environment.get_template(f"{name}.html").render(
            user=user, page=name, **{"error": None, **context}
        )


class PageSessions:
    """Who looks at a page. A page has no script to refresh its token, so an expired one is refreshed here."""

    def __init__(self, sessions: Sessions, refresh_seconds: int):
        self._sessions, self._refresh_seconds = sessions, refresh_seconds

    def signed_in(self, req: falcon.Request, resp: falcon.Response) -> Principal:
        try:
            return signed_in(req, self._sessions)
        except ControlError as error:
            refresh_token = req.cookies.get(contract.REFRESH_COOKIE.name)
            if error.status != 401 or not refresh_token:
                raise
        opened = self._sessions.refresh(refresh_token, client_address(req), decision_id(req))
        cookies.set_session(resp, opened, self._refresh_seconds)
        return opened.principal


class Home:
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        raise falcon.HTTPSeeOther(HOME)


class Login:
    def __init__(self, render: Renderer, sessions: Sessions, refresh_seconds: int):
        self._render, self._sessions, self._refresh_seconds = render, sessions, refresh_seconds

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        if access_token(req):
            try:
                signed_in(req, self._sessions)
                raise falcon.HTTPSeeOther(safe_next(req.get_param("next")))
            except ControlError:
                pass  # the cookie is dead: show the form
        self._render.page(resp, "login", next=safe_next(req.get_param("next")), username="")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = req.get_media(default_when_empty={})
        username, asking = str(form.get("username", "")), device(req)
        following = safe_next(form.get("next"))
        try:
            opened = self._sessions.sign_in(username, str(form.get("password", "")), asking, decision_id(req))
        except InvalidCredentials as error:
            resp.status = error.status
            shown = {"code": error.code, "message": error.message, "details": error.details}
            return self._render.page(resp, "login", next=following, username=username[:255], error=shown)
        cookies.set_session(resp, opened, self._refresh_seconds, asking.id)
        raise_see_other(resp, following)


class Logout:
    def __init__(self, sessions: Sessions):
        self._sessions = sessions

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        sign_out(req, self._sessions)
        cookies.clear_session(resp)
        raise_see_other(resp, "/login")


class LibraryPage:
    def __init__(self, render: Renderer, sessions: PageSessions, library: Library):
        self._render, self._sessions, self._library = render, sessions, library

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal, wanted = self._sessions.signed_in(req, resp), filters(req)
        page = self._library.page(principal, wanted, number(req, "page", 1), number(req, "limit", DEFAULT_LIMIT))
        self._render.page(
            resp, "library", principal, items=[as_json(media) for media in page.items], pagination=pagination(page),
            filters={
                "type": wanted.kind or "all", "query": wanted.query or "", "sort": wanted.sort,
                "order": "desc" if wanted.descending else "asc",
            },
        )  # fmt: skip


class Watch:
    def __init__(self, render: Renderer, sessions: PageSessions, library: Library):
        self._render, self._sessions, self._library = render, sessions, library

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal, media = self._sessions.signed_in(req, resp), self._library.find(str(media_id))
        required(decide(principal, "download", media, decision_id(req)))
        following = self._library.next_after(principal, media)
        self._render.page(
            resp, "watch", principal, media=as_json(media), next_media=following and as_json(following)
        )  # fmt: skip


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


def refuse_page(render: Renderer, req: falcon.Request, resp: falcon.Response, error: ControlError) -> None:
    """Send a person to the sign-in page, or show what went wrong."""
    if error.status == 401:
        target = req.path + (f"?{req.query_string}" if req.query_string else "")
        cookies.clear_session(resp) if not isinstance(error, SignInRequired) else None
        return raise_see_other(resp, "/login?next=" + falcon.uri.encode_value(safe_next(target)))
    resp.status = error.status
    if error.retry_after:
        resp.set_header("Retry-After", str(error.retry_after))
    shown = {"code": error.code, "message": error.message, "details": error.details}
    render.page(resp, "error", status=error.status, error=shown)

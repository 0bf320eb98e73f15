"""/s/{code}: what a share's visitors see. To look at a page uses nothing up, whoever does it."""

from __future__ import annotations

import falcon

from control.domain.rights import VIEW, VISIT
from control.domain.sessions import ANONYMOUS, Principal
from control.errors import BadRequest, ControlError, ShareLocked, TooManyTries, WrongSharePassword
from control.resources import cookies
from control.resources.credentials import decision_id, visit_cookie
from control.resources.outcome import annotate, required
from control.resources.pages.rendering import Renderer, error_shown, raise_see_other
from control.resources.visits import Door, address, as_json, asked
from control.services.decisions import decide, may
from control.services.shares import Shares
from control.services.visits import Visits


class Landing:
    def __init__(self, render: Renderer, door: Door, shares: Shares, visits: Visits):
        self._render, self._door, self._shares, self._visits = render, door, shares, visits

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        principal = self._door.enter(req, code)
        decision = may(principal, VISIT, decision_id(req))
        if decision.error == ShareLocked.code:
            return self._form(req, resp, code)
        required(decision)
        self._visits.seen(principal.share)
        self._greet(req, resp)
        items = [as_json(media, code, principal) for media in self._shares.contents(principal)]
        self._render.page(req, resp, "share", share=_shown(principal), code=code, items=items)

    def on_post(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """The password, by form: it never stands in an address."""
        principal = self._door.enter(req, code)
        decision = may(principal, VISIT, decision_id(req))
        if decision.error != ShareLocked.code:
            required(decision)
        form = req.get_media(default_when_empty={})
        password = form.get("password") if isinstance(form, dict) else None
        if not isinstance(password, str):
            raise BadRequest("Send the field password.")
        try:
            cookie = self._visits.unlock(principal, password, visit_cookie(req.env), asked(req))
        except (WrongSharePassword, TooManyTries) as error:
            resp.status = error.status
            annotate(req, resp, error, principal.kind)
            return self._form(req, resp, code, error)
        cookies.set_visit(resp, cookie)
        raise_see_other(resp, address(code))

    def _form(self, req: falcon.Request, resp: falcon.Response, code: str, error: ControlError | None = None) -> None:
        self._render.page(req, resp, "share_locked", code=code, error=error and error_shown(error))

    def _greet(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A browser gets its cookie before it asks for anything; a visit is made only when it does."""
        if self._visits.visitor(visit_cookie(req.env)) is None:
            cookies.set_visit(resp, self._visits.new_cookie())


class Watch:
    def __init__(self, render: Renderer, door: Door):
        self._render, self._door = render, door

    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """The player's page."""
        self._show(req, resp, code, media_id, "share_watch")

    def on_get_embed(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """The player alone, for a frame of another site; there it has no cookie, and needs none."""
        self._show(req, resp, code, media_id, "share_embed")

    def _show(self, req: falcon.Request, resp: falcon.Response, code: str, media_id, page: str) -> None:
        principal, media = self._door.enter(req, code), self._door.media(media_id)
        required(decide(principal, VIEW, media, decision_id(req)))
        self._render.page(
            req, resp, page, ANONYMOUS, share=_shown(principal), code=code, media=as_json(media, code, principal)
        )


def _shown(principal: Principal) -> dict:
    share = principal.share
    return {
        "name": share.name,
        "note": share.note,
        "from": share.owner.full_name or share.owner.username,
        "rights": share.rights,
        "expires": share.expires_at.isoformat(timespec="seconds"),
        "max_uses": share.max_uses,
    }

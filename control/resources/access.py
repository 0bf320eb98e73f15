"""/_sluice/auth: the answer of ``auth_request``; /_sluice/key/…: the live content key. Both only for Nginx."""

from __future__ import annotations

import falcon

from control.domain.decisions import Decision
from control.domain.sessions import ANONYMOUS, Principal
from control.errors import ControlError, NotFound
from control.resources.credentials import asker, client_address, decision_id
from control.resources.outcome import refusal_status
from control.services.decisions import decide, decide_directory
from control.services.grants import Grants
from control.services.library import Library
from control.services.sessions import Sessions
from control.settings import Protected
from nginx import contract


def only_from_nginx(req: falcon.Request) -> None:
    """A second lock: the locations are `internal`, and Nginx alone sets this header. Raises NotFound."""
    if req.env.get(contract.INTERNAL_HOP.environ) != "1":
        raise NotFound()


class Access:
    """204 yes, 401 nobody known, 403 no: Nginx turns anything else into a 500."""

    def __init__(self, library: Library, sessions: Sessions, protected: list[Protected]):
        self._library, self._sessions = library, sessions
        self._directories = {directory.name: directory for directory in protected}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        only_from_nginx(req)
        decision, principal = self._decide(req, resp)
        resp.status = 204 if decision.allowed else refusal_status(decision)
        resp.set_header(contract.VERDICT.name, f"{principal.user_id or principal.kind} {decision.reason}")

    def _decide(self, req: falcon.Request, resp: falcon.Response) -> tuple[Decision, Principal]:
        decision = decision_id(req)
        try:
            principal = asker(req, self._sessions)
        except ControlError as error:
            if error.status != 401:
                raise
            return Decision(False, error.code, decision, error.code), ANONYMOUS
        target = req.env.get(contract.AUTH_TARGET.environ, "")
        if req.env.get(contract.AUTH_ACTION.environ) == contract.DIRECTORY_ACTION:
            return self._directory(principal, target, req, decision), principal
        media = self._library.find(target)
        resp.set_header(contract.REVISION.name, str(media.revision if media else 0))
        return decide(principal, "still", media, decision), principal

    def _directory(self, principal: Principal, name: str, req: falcon.Request, decision: str) -> Decision:
        """Nginx names the directory by its location and sends the NORMALISED path; the two must agree."""
        directory = self._directories.get(name)
        if directory and not req.env.get(contract.AUTH_URI.environ, "").startswith(directory.url):
            directory = None
        return decide_directory(principal, directory and directory.role, decision)


class ContentKey:
    """The 16 bytes of one key period, checked live and audited every time: the heartbeat of a running film."""

    def __init__(self, grants: Grants, sessions: Sessions):
        self._grants, self._sessions = grants, sessions

    def on_get(self, req: falcon.Request, resp: falcon.Response, grant: str, media_id, rung: str, n: int) -> None:
        only_from_nginx(req)
        resp.set_header("Cache-Control", "no-store")
        resp.content_type = "application/octet-stream"
        resp.data = self._grants.content_key(
            grant, str(media_id), rung, n, self._asker(req), client_address(req), decision_id(req)
        )

    def _asker(self, req: falcon.Request) -> Principal | None:
        """None for a stranger: a portable grant needs no session, and the service refuses all others."""
        try:
            principal = asker(req, self._sessions)
        except ControlError as error:
            if error.status != 401:
                raise
            return None
        return principal if principal.session_id else None

"""/_sluice/auth: the answer of ``auth_request``; /_sluice/key/…: the live content key. Both only for Nginx."""

from __future__ import annotations

import falcon

from control.domain.decisions import Decision
from control.domain.rights import DOWNLOAD
from control.domain.sessions import ANONYMOUS, Principal
from control.errors import ControlError
from control.resources.credentials import asker, asker_or_stranger, client_address, decision_id
from control.resources.outcome import challenge, refusal_status
from control.services.audit import Audit
from control.services.decisions import decide, decide_directory
from control.services.grants import Grants
from control.services.identity import Identity
from control.services.library import Library
from control.settings import Protected
from nginx import contract


class Access:
    """204 yes, 401 nobody known, 403 no: Nginx turns anything else into a 500."""

    def __init__(self, library: Library, identity: Identity, audit: Audit, protected: list[Protected]):
        self._library, self._identity, self._audit = library, identity, audit
        self._directories = {directory.name: directory for directory in protected}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        decision, principal = self._decide(req, resp)
        if decision.allowed:
            resp.status = falcon.HTTP_204
        else:
            self._refuse(req, resp, decision, principal)
        resp.set_header(contract.VERDICT.name, f"{principal.user_id or principal.kind} {decision.reason}")

    def _decide(self, req: falcon.Request, resp: falcon.Response) -> tuple[Decision, Principal]:
        decision = decision_id(req)
        try:
            principal = asker(req, self._identity)
        except ControlError as error:
            if error.status not in (401, 429):
                raise
            return Decision(False, error.code, decision, error.code), ANONYMOUS
        target = req.env.get(contract.AUTH_TARGET.environ, "")
        if req.env.get(contract.AUTH_ACTION.environ) == contract.DIRECTORY_ACTION:
            return self._directory(principal, target, req, decision), principal
        media = self._library.find(target)
        resp.set_header(contract.REVISION.name, str(media.revision if media else 0))
        return decide(principal, DOWNLOAD, media, decision), principal

    def _directory(self, principal: Principal, name: str, req: falcon.Request, decision: str) -> Decision:
        """Nginx names the directory by its location and sends the NORMALISED path; the two must agree."""
        directory = self._directories.get(name)
        if directory and not req.env.get(contract.AUTH_URI.environ, "").startswith(directory.url):
            directory = None
        return decide_directory(principal, directory and directory.role, decision)

    def _refuse(self, req: falcon.Request, resp: falcon.Response, decision: Decision, principal: Principal) -> None:
        resp.status = refusal_status(decision)
        if resp.status == 401:
            resp.set_header("WWW-Authenticate", challenge(req))
        action, target = (req.env.get(name.environ, "") for name in (contract.AUTH_ACTION, contract.AUTH_TARGET))
        self._audit.refused(
            principal, address=client_address(req), decision=decision.id, reason=decision.reason,
            details={"action": action, "target": target, "path": req.env.get(contract.AUTH_URI.environ, "")},
        )  # fmt: skip


class ContentKey:
    """The 16 bytes of one key period, checked live and audited every time: the heartbeat of a running film."""

    def __init__(self, grants: Grants, identity: Identity):
        self._grants, self._identity = grants, identity

    def on_get(self, req: falcon.Request, resp: falcon.Response, grant: str, media_id, rung: str, n: int) -> None:
        resp.set_header("Cache-Control", "no-store")
        resp.content_type = "application/octet-stream"
        resp.data = self._grants.content_key(
            grant, str(media_id), rung, n, self._asker(req), client_address(req), decision_id(req)
        )

    def _asker(self, req: falcon.Request) -> Principal | None:
        """None for a stranger: a portable grant needs no session, and the service refuses all others."""
        principal = asker_or_stranger(req, self._identity)
        return principal if principal.user_id else None

"""/_sluice/auth: the answer of ``auth_request``; /_sluice/key/…: the live content key; /_sluice/object/…: a store's
signature. All only for Nginx."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable

import falcon

from control.domain.decisions import Decision
from control.domain.rights import BROWSE, DOWNLOAD, UPLOAD
from control.domain.sessions import ANONYMOUS, Principal
from control.errors import ControlError, NotFound, SignInRequired
from control.logs import REQUEST
from control.resources.credentials import (
    asker_of,
    asker_or_stranger,
    client_address,
    decision_id,
    goer,
    visit_cookie,
)  # fmt: skip
from control.resources.outcome import challenge, refusal_status, required
from control.services.audit import Audit
from control.services.counts import ALLOWED, GATE, REFUSED, TIMED, Counts
from control.services.decisions import decide, decide_directory, may
from control.services.grants import Grants
from control.services.identity import Identity
from control.services.library import Library
from control.services.uploads import Uploads
from control.services.visits import Visits
from control.settings.sections import Protected
from control.vault.objects import Objects
from nginx import contract


class Access:
    """204 yes, 401 nobody known, 403 no: Nginx turns anything else into a 500.

    It reads a WSGI environ (PEP 3333) and answers a status line with headers, because Nginx asks it for every file: see
    :class:`Shortcut`.
    """

    def __init__(
        self, library: Library, identity: Identity, visits: Visits, audit: Audit, uploads: Uploads,
        protected: list[Protected], counts: Counts,
    ):  # fmt: skip
        self._library, self._identity, self._visits = library, identity, visits
        self._audit, self._uploads, self._counts = audit, uploads, counts
        self._directories = {directory.name: directory for directory in protected}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.status, headers = self.answer(req.env)
        resp.set_headers(headers)

    def answer(self, env: dict) -> tuple[str, list[tuple[str, str]]]:
        """Raises what takes the decision away, such as DatabaseUnavailable; a refusal is an answer."""
        if env.get(_ACTION) in _UPLOADS:
            return self._body(env)
        try:
            principal = self._visitor(env) or asker_of(env, self._identity)
        except ControlError as error:
            if error.status not in (401, 404, 429):
                raise
            refusal = Decision(False, error.code, env.get(_REQUEST_ID, ""), error.code)
            return self._refuse(env, refusal, ANONYMOUS)
        if env.get(_ACTION) == contract.DIRECTORY_ACTION:
            decision, revision = self._directory(principal, env), ""
        else:
            media = self._library.find(env.get(_TARGET, ""))
            right = BROWSE if principal.share else DOWNLOAD
            decision = decide(principal, right, media, env.get(_REQUEST_ID, ""))
            revision = f" {media.revision}" if media else ""
        if not decision.allowed:
            return self._refuse(env, decision, principal)
        self._counts.decisions[GATE, ALLOWED, decision.reason] += 1
        return falcon.HTTP_204, [(_VERDICT, f"{principal.user_id or principal.kind} {decision.reason}{revision}")]

    def _visitor(self, env: dict) -> Principal | None:
        """Whoever asks for a picture of a share is its visitor, whatever else they may be; the address names it."""
        uri = env.get(_URI, "")
        if env.get(_ACTION) == contract.DIRECTORY_ACTION or not uri.startswith(contract.SHARES.path):
            return None
        return self._visits.enter(uri.removeprefix(contract.SHARES.path).split("/")[0], visit_cookie(env))

    def _body(self, env: dict) -> tuple[str, list[tuple[str, str]]]:
        """May the body that waits at Nginx be stored? A refusal names its error, for Nginx to answer by."""
        principal, length = ANONYMOUS, env.get(_LENGTH, "")
        try:
            if env[_ACTION] == contract.CREATE_ACTION:
                principal = asker_of(env, self._identity)
                required(may(principal, UPLOAD, env.get(_REQUEST_ID, "")))
            else:
                principal = goer(falcon.Request(env), self._identity)
                self._uploads.admit(env.get(_TARGET, ""), principal, int(length) if length.isdecimal() else None)
        except ControlError as error:
            if error.status >= 500:
                raise
            decision = Decision(False, error.reason or error.code, env.get(_REQUEST_ID, ""), error.code)
            status, headers = self._refuse(env, decision, principal)
            known = error.code != SignInRequired.code
            return falcon.HTTP_403 if known else status, [*headers, (_REFUSAL, error.code)]
        self._counts.decisions[GATE, ALLOWED, "upload"] += 1
        return falcon.HTTP_204, [(_VERDICT, f"{principal.user_id or principal.kind} upload")]

    def _directory(self, principal: Principal, env: dict) -> Decision:
        """Nginx names the directory by its location and sends the NORMALISED path; the two must agree."""
        directory = self._directories.get(env.get(_TARGET, ""))
        if directory and not env.get(_URI, "").startswith(directory.url):
            directory = None
        return decide_directory(principal, directory and directory.role, env.get(_REQUEST_ID, ""))

    def _refuse(self, env: dict, decision: Decision, principal: Principal) -> tuple[str, list[tuple[str, str]]]:
        self._counts.decisions[GATE, REFUSED, decision.reason] += 1
        self._counts.errors[decision.error] += 1
        action, target = env.get(_ACTION, ""), env.get(_TARGET, "")
        self._audit.refused(
            principal, address=env.get(_CLIENT, ""), decision=decision.id, reason=decision.reason,
            media_id=None if action in _NO_MEDIA else target or None,
            details={
                "action": action, "target": "" if action in _UPLOADS else target,
                "path": contract.logged_path(env.get(_URI, "")),
            },
        )  # fmt: skip
        headers = [(_VERDICT, f"{principal.user_id or principal.kind} {decision.reason}")]
        if refusal_status(decision) == 403:
            return falcon.HTTP_403, headers
        return falcon.HTTP_401, [*headers, ("WWW-Authenticate", challenge(falcon.Request(env)))]


_REQUEST_ID, _VERDICT = contract.REQUEST_ID.environ, contract.VERDICT.name
_ACTION, _TARGET = contract.AUTH_ACTION.environ, contract.AUTH_TARGET.environ
_URI, _LENGTH = contract.AUTH_URI.environ, contract.AUTH_LENGTH.environ
_REFUSAL = contract.REFUSAL.name
_UPLOADS = (contract.CREATE_ACTION, contract.APPEND_ACTION)
_NO_MEDIA = (*_UPLOADS, contract.DIRECTORY_ACTION)


class Shortcut:
    """The WSGI application in front of Falcon's: what Nginx asks of the gate does without a framework.

    Everything else, and whatever is out of the ordinary there, goes on to `app`, which has the same route.
    """

    def __init__(self, app: falcon.App, access: Access, allowed: Callable[[str], bool], counts: Counts):
        self._app, self._access, self._allowed, self._counts = app, access, allowed, counts
        self._turn = 0

    def __call__(self, env: dict, start_response: Callable) -> Iterable[bytes]:
        REQUEST.set(env.get(_REQUEST_ID, ""))
        if env["PATH_INFO"] != contract.AUTH.path or not self._ordinary(env):
            return self._app(env, start_response)
        self._turn = (self._turn + 1) % TIMED
        began = 0.0 if self._turn else time.perf_counter()
        try:
            start_response(*self._access.answer(env))
        except Exception:  # Falcon's side asks again, with all the care that an error needs
            return self._app(env, start_response)
        if began:
            self._counts.gate_seconds.append(time.perf_counter() - began)
        return ()

    def _ordinary(self, env: dict) -> bool:
        """Asked by Nginx, for a client of an allowed network (what the middleware would see to)."""
        return env.get(_INTERNAL) == "1" and env["REQUEST_METHOD"] == "GET" and self._allowed(env.get(_CLIENT, ""))


_INTERNAL, _CLIENT = contract.INTERNAL_HOP.environ, contract.CLIENT_ADDRESS.environ


class ContentKey:
    """The 16 bytes of one key period, checked live and audited every time: the heartbeat of a running film."""

    def __init__(self, grants: Grants, identity: Identity, visits: Visits):
        self._grants, self._identity, self._visits = grants, identity, visits

    def on_get(self, req: falcon.Request, resp: falcon.Response, grant: str, media_id, rung: str, n: int) -> None:
        resp.set_header("Cache-Control", "no-store")
        resp.content_type = "application/octet-stream"
        resp.data = self._grants.content_key(
            grant, str(media_id), rung, n, self._asker(req), self._visits.visitor(visit_cookie(req.env)),
            client_address(req), decision_id(req),
        )  # fmt: skip

    def _asker(self, req: falcon.Request) -> Principal | None:
        """None for a stranger: a portable grant needs no session, and the service refuses all others."""
        principal = asker_or_stranger(req, self._identity)
        return principal if principal.user_id else None


class StoredObject:
    """The signature by which Nginx fetches one object from the vault's store. Who may have it was decided before."""

    def __init__(self, objects: Objects):
        self._objects = objects

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id, name: str) -> None:
        """Raises NotFound for what is no file that Nginx serves, and where the vault is a directory."""
        if not re.fullmatch(contract.OBJECT_FILE, name):
            raise NotFound()
        signed = self._objects.signature(f"{contract.vault_directory(str(media_id))}/{name}")
        resp.status = falcon.HTTP_204
        resp.set_headers({contract.STORE_HEADERS[header].name: value for header, value in signed.items()})

"""What a request says about who sends it: credentials, address, device."""

from __future__ import annotations

import base64
import binascii
import re
import uuid

import falcon

from control.domain.sessions import ANONYMOUS, FAMILIES, Device, Principal
from control.errors import ControlError, InvalidToken, SessionEnded, TokenExpired
from control.services.identity import Identity
from nginx import contract

_ACCESS = re.compile(r"(?:^|;\s*)" + re.escape(contract.ACCESS_COOKIE.name) + r"=([^;\s]+)")
_VISIT = re.compile(r"(?:^|;\s*)" + re.escape(contract.VISIT_COOKIE.name) + r"=([^;\s]+)")
_BACKGROUND = contract.BACKGROUND.environ


def asker_of(env: dict, identity: Identity) -> Principal:
    """Like :func:`asker`, from a WSGI environ: the gate is asked too often for a Request to be made each time."""
    if "HTTP_AUTHORIZATION" not in env:
        token = _access_token(env)
        if token:
            return identity.by_access_token(token, env.get(_BACKGROUND) != "1")
    return asker(falcon.Request(env), identity)


def _access_token(env: dict) -> str | None:
    """The access cookie's. One cookie of a hot path: a search costs a third of a full parse."""
    found = _ACCESS.search(env.get("HTTP_COOKIE", ""))
    return found and found[1]


def visit_cookie(env: dict) -> str | None:
    """The cookie of a share's visitor, from a WSGI environ."""
    found = _VISIT.search(env.get("HTTP_COOKIE", ""))
    return found and found[1]


def asker(req: falcon.Request, identity: Identity) -> Principal:
    """Who asks, by the Authorization header, else by cookie; ANONYMOUS for a request that carries neither.

    Raises what services.identity raises for a credential that is no good.
    """
    authorization = req.env.get("HTTP_AUTHORIZATION")
    if authorization:
        return _by_header(req, identity, authorization)
    token = _access_token(req.env)
    if token:
        return identity.by_access_token(token, not in_background(req))
    for name in identity.foreign_cookies:
        if token := req.cookies.get(name):
            return identity.by_foreign_cookie(token, lambda: device(req), decision_id(req), not in_background(req))
    return ANONYMOUS


def asker_or_stranger(req: falcon.Request, identity: Identity) -> Principal:
    """Like :func:`asker`; a credential that is no good counts as none."""
    try:
        return asker(req, identity)
    except ControlError as error:
        if error.status != 401:
            raise
        return ANONYMOUS


def goer(req: falcon.Request, identity: Identity) -> Principal:
    """Who goes on with an upload: like :func:`asker`, but a login that has ended by itself counts as none.

    Raises InvalidToken for a credential that never was one of ours.
    """
    try:
        return asker(req, identity)
    except (TokenExpired, SessionEnded):
        return ANONYMOUS


def _by_header(req: falcon.Request, identity: Identity, authorization: str) -> Principal:
    """Bearer (RFC 6750 2.1) or Basic (RFC 7617)."""
    scheme, _, value = authorization.partition(" ")
    active, address = not in_background(req), client_address(req)
    if scheme.lower() == "bearer":
        return identity.by_bearer(value.strip(), lambda: device(req), address, decision_id(req), active)
    if scheme.lower() == "basic":
        login, password = _basic(value)
        return identity.by_basic(login, password, lambda: device(req), decision_id(req), active)
    raise InvalidToken("Authorization must be Bearer or Basic.")


def _basic(value: str) -> tuple[str, str]:
    try:
        login, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidToken("Basic needs base64 of name:password in UTF-8.") from None
    if not colon:
        raise InvalidToken("Basic needs base64 of name:password in UTF-8.")
    return login, password


def principal_of(req: falcon.Request) -> Principal:
    """Who asks, as middleware.rights has found; ANONYMOUS on routes that everybody may use."""
    return getattr(req.context, "principal", ANONYMOUS)


def in_background(req: falcon.Request) -> bool:
    """Whether a page sent this while nobody was at it: it is answered, but it is no activity."""
    return req.env.get(_BACKGROUND) == "1"


def client_address(req: falcon.Request) -> str:
    """The peer as Nginx saw it; a client's own X-Forwarded-For is never read."""
    return req.env.get(contract.CLIENT_ADDRESS.environ) or "0.0.0.0"  # noqa: S104 (a placeholder, not a bind)


def decision_id(req: falcon.Request) -> str:
    """Nginx's request id: it names the decision in answers, logs and the audit trail."""
    return req.env.get(contract.REQUEST_ID.environ) or uuid.uuid4().hex


def device(req: falcon.Request, name: str | None = None) -> Device:
    agent = (req.user_agent or "")[:400]
    known = device_cookie(req)
    return Device(
        known or uuid.uuid4().hex, (name or _describe(agent))[:100], _kind(agent), client_address(req), agent,
        proven=known is not None,
    )  # fmt: skip


def device_cookie(req: falcon.Request) -> str | None:
    known = req.cookies.get(contract.DEVICE_COOKIE.name, "")
    return known if re.fullmatch(r"[0-9a-f]{32}", known) else None


def _kind(agent: str) -> str:
    lowered = agent.lower()
    for kind, signs in (
        ("tv", ("smart-tv", "smarttv", "appletv", "googletv", "bravia")),
        ("tablet", ("ipad", "tablet")),
        ("phone", ("iphone", "mobile", "android")),
        ("desktop", ("mozilla/",)),
    ):
        if any(sign in lowered for sign in signs):
            return kind
    return "script"


def _describe(agent: str) -> str:
    """ "Firefox on Linux" from a User-Agent; its product token where that is all there is."""
    systems = (("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"),
               ("Mac OS X", "Mac"), ("Linux", "Linux"))  # fmt: skip
    browser = next((name for sign, name in FAMILIES if sign in agent), None)
    system = next((name for sign, name in systems if sign in agent), None)
    if browser and system:
        return f"{browser} on {system}"
    return agent.split(" ")[0].split("/")[0] or "unknown device"

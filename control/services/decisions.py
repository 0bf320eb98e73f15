"""THE decision: one function says yes or no for every path, and names its reason."""

from __future__ import annotations

from control.domain.decisions import Decision
from control.domain.media import Media
from control.domain.rights import VIEW, Right
from control.domain.sessions import Principal
from control.domain.users import Role, at_least
from control.errors import MediaNotFound, NotAllowed, NotReady, ScopeMissing, SignInRequired

# Every reason that a refusal can have, and what `sluice explain` says of it.
REASONS = {
    "sign_in_required": "Nobody was signed in: no cookie, token or password came with it.",
    "no_such_media": "There is no media with this id (any more).",
    "guests_see_public_media_only": "Guests see public media only, and this one is not public.",
    "private": "The media is private: only its owner and administrators may know of it.",
    "role_too_low": "The role is too low for it.",
    "scope_missing": "The service token does not have the scope for it.",
    "people_only": "Service tokens may not do this, whatever their scopes.",
    "not_ready": "The media is still being prepared.",
    "guests_play_in_browsers": "Guests get no address that plays without their cookie.",
    "no_such_directory": "No [[protected]] directory has this address.",
}


def may(principal: Principal, right: Right, decision_id: str) -> Decision:
    """May `principal` use `right` for anything at all? What a route asks before it looks at any media."""
    if right.role is None:
        return Decision(True, right.name, decision_id)
    if principal.kind == "anonymous":
        return _no("sign_in_required", decision_id, SignInRequired)
    if principal.kind == "token" and right.scope not in principal.scopes:
        if right.scope is None:
            return _no("people_only", decision_id, NotAllowed)
        if right.scope:
            return _no("scope_missing", decision_id, ScopeMissing)
    if not at_least(principal.role, right.least_role):
        return _no("role_too_low", decision_id, NotAllowed)
    return Decision(True, "role", decision_id)


def decide(principal: Principal, right: Right, media: Media | None, decision_id: str) -> Decision:
    """May `principal` use `right` on `media`? A ladder of guards, cheapest first; the first that holds answers.

    A media that the principal may not know of is "not there" (MEDIA_001), never "forbidden".
    """
    if principal.kind == "anonymous":
        return _no("sign_in_required", decision_id, SignInRequired)
    if media is None:
        return _no("no_such_media", decision_id, MediaNotFound)
    owner = media.owner_id is not None and media.owner_id == principal.user_id
    if not owner:
        if principal.role == "guest" and media.visibility != "public":
            return _no("guests_see_public_media_only", decision_id, MediaNotFound)
        if media.visibility == "private" and principal.role != "admin":
            return _no("private", decision_id, MediaNotFound)
    if principal.kind == "token":
        allowed = may(principal, right, decision_id)
        if not allowed.allowed:
            return allowed
    least = right.least_role if owner else right.role
    if least != "guest" and not at_least(principal.role, least):
        return _no("role_too_low", decision_id, NotAllowed)
    if right is VIEW and not media.viewable:
        return _no("not_ready", decision_id, NotReady)
    if owner:
        return Decision(True, "owner", decision_id)
    return Decision(True, "admin" if media.visibility == "private" else media.visibility, decision_id)


def decide_directory(principal: Principal, needed: Role | None, decision_id: str) -> Decision:
    """May `principal` read a protected directory that asks for the role `needed` (None: no such directory)?"""
    if principal.kind == "anonymous":
        return _no("sign_in_required", decision_id, SignInRequired)
    if needed is None:
        return _no("no_such_directory", decision_id, NotAllowed)
    if principal.kind == "token" and "library" not in principal.scopes:
        return _no("scope_missing", decision_id, ScopeMissing)
    if not at_least(principal.role, needed):
        return _no("role_too_low", decision_id, NotAllowed)
    return Decision(True, "role", decision_id)


def _no(reason: str, decision_id: str, error) -> Decision:
    return Decision(False, reason, decision_id, error.code)

"""THE decision: one function says yes or no for every path, and names its reason."""

from __future__ import annotations

from control.domain.decisions import Action, Decision
from control.domain.media import Media
from control.domain.sessions import Principal
from control.domain.users import Role, at_least
from control.errors import MediaNotFound, NotAllowed, NotReady, SignInRequired


def decide(principal: Principal, action: Action, media: Media | None, decision_id: str) -> Decision:
    """May `principal` do `action` with `media`? A ladder of guards, cheapest first; the first that holds answers.

    A media that the principal may not know of is "not there" (MEDIA_001), never "forbidden".
    """
    if principal.kind == "anonymous":
        return _no("sign_in_required", decision_id, SignInRequired)
    if media is None:
        return _no("no_such_media", decision_id, MediaNotFound)
    if principal.role == "guest" and media.visibility != "public":
        return _no("guests_see_public_media_only", decision_id, MediaNotFound)
    if media.visibility == "private" and media.owner_id != principal.user_id and principal.role != "admin":
        return _no("private", decision_id, MediaNotFound)
    if action == "view" and not media.viewable:
        return _no("not_ready", decision_id, NotReady)
    if action == "link" and not at_least(principal.role, "viewer"):
        return _no("guests_mint_no_links", decision_id, NotAllowed)
    return Decision(True, _why(principal, media), decision_id)


def decide_directory(principal: Principal, needed: Role | None, decision_id: str) -> Decision:
    """May `principal` read a protected directory that asks for the role `needed` (None: no such directory)?"""
    if principal.kind == "anonymous":
        return _no("sign_in_required", decision_id, SignInRequired)
    if needed is None:
        return _no("no_such_directory", decision_id, NotAllowed)
    if not at_least(principal.role, needed):
        return _no("role_too_low", decision_id, NotAllowed)
    return Decision(True, "role", decision_id)


def _why(principal: Principal, media: Media) -> str:
    if media.owner_id is not None and media.owner_id == principal.user_id:
        return "owner"
    return "admin" if media.visibility == "private" else media.visibility


def _no(reason: str, decision_id: str, error) -> Decision:
    return Decision(False, reason, decision_id, error.code)

"""THE decision: one function says yes or no for every path, and names its reason."""

from __future__ import annotations

from datetime import UTC, datetime

from control.domain.decisions import Decision
from control.domain.media import Media
from control.domain.rights import BROWSE, DOWNLOAD, UPLOAD, USE_TRASH, VIEW, VISIT, Right
from control.domain.sessions import Principal
from control.domain.users import Role, at_least
from control.errors import (
    MediaNotFound,
    NotAllowed,
    NotInShare,
    NotReady,
    ScopeMissing,
    ShareLocked,
    ShareOver,
    ShareRightMissing,
    SignInRequired,
)  # fmt: skip

# Every reason that a refusal can have, and what `sluice explain` says of it.
REASONS = {
    "sign_in_required": "Nobody was signed in: no cookie, token or password came with it.",
    "no_such_media": "There is no media with this id (any more).",
    "trashed": "The media is in the trash: nothing but the trash knows of it.",
    "not_in_trash": "The media is not in the trash (any more).",
    "guests_see_public_media_only": "Guests see public media only, and this one is not public.",
    "private": "The media is private: only its owner and administrators may know of it.",
    "role_too_low": "The role is too low for it.",
    "scope_missing": "The service token does not have the scope for it.",
    "people_only": "Service tokens may not do this, whatever their scopes.",
    "not_ready": "The media is still being prepared.",
    "guests_play_in_browsers": "Guests get no address that plays without their cookie.",
    "no_such_directory": "No [[protected]] directory has this address.",
    "no_such_share": "There is no share with this code.",
    "share_over": "The share has expired or was revoked, or its owner is switched off.",
    "share_locked": "The share has a password, which this visitor has not given (or not the one of now).",
    "share_right_missing": "The share was made without the right for it.",
    "not_in_share": "The media is not part of the share, or is gone.",
    "stream_limit": "The user watches as many other streams at this moment as the limit allows.",
    "owner_may_not": "The owner of the share may not see the media any more.",
}

# What a visitor may with each right of a share: names and pictures come with either of the first two.
_SHARED = {
    VISIT.name: {"view", "download", "upload"},
    BROWSE.name: {"view", "download"},
    VIEW.name: {"view"},
    DOWNLOAD.name: {"download"},
    UPLOAD.name: {"upload"},
}


def may(principal: Principal, right: Right, decision_id: str) -> Decision:
    """May `principal` use `right` for anything at all? What a route asks before it looks at any media."""
    if principal.kind == "share":
        return _may_visit(principal, right, decision_id)
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
    if principal.kind == "share":
        return _decide_visit(principal, right, media, decision_id)
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
    if media.trashed_at is not None and not (right is USE_TRASH and (owner or principal.role == "admin")):
        return _no("trashed", decision_id, MediaNotFound)
    if right is USE_TRASH and media.trashed_at is None:
        return _no("not_in_trash", decision_id, MediaNotFound)
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


def _may_visit(principal: Principal, right: Right, decision_id: str) -> Decision:
    """May a share's visitor use `right` on anything of it?"""
    if principal.share.over(datetime.now(UTC)):
        return _no("share_over", decision_id, ShareOver)
    if not principal.unlocked:
        return _no("share_locked", decision_id, ShareLocked)
    if not _SHARED.get(right.name, set()) & principal.share.rights:
        return _no("share_right_missing", decision_id, ShareRightMissing)
    return Decision(True, "share", decision_id)


def _decide_visit(principal: Principal, right: Right, media: Media | None, decision_id: str) -> Decision:
    """Whoever made the share must still be allowed to see the media: what is taken from them is taken from visitors."""
    allowed = _may_visit(principal, right, decision_id)
    if not allowed.allowed:
        return allowed
    if media is None or not principal.share.holds(media):
        return _no("not_in_share", decision_id, NotInShare)
    if media.trashed_at is not None:
        return _no("trashed", decision_id, NotInShare)
    if not decide(principal.share.owner, BROWSE, media, decision_id).allowed:
        return _no("owner_may_not", decision_id, NotInShare)
    if right is VIEW and not media.viewable:
        return _no("not_ready", decision_id, NotReady)
    return allowed


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

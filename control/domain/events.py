"""Live events: what can be followed, and by whom."""

from __future__ import annotations

from control.domain.rights import BROWSE, CHANGE_ACCOUNT, MANAGE_QUEUE, SEE_AUDIT, SHARE, Right

# topic -> the right that following it asks for.
TOPICS: dict[str, Right] = {
    "queue": MANAGE_QUEUE,
    "media": BROWSE,
    "sessions": CHANGE_ACCOUNT,
    "streams": CHANGE_ACCOUNT,
    "mounts": SEE_AUDIT,
    "shares": SHARE,
    "users": SEE_AUDIT,
}

# Of these one hears what is one's own (the event's `user`); administrators hear everybody's.
PERSONAL = frozenset({"sessions", "streams", "shares"})

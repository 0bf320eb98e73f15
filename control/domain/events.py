"""Live events: what can be followed, and by whom."""

from __future__ import annotations

from control.domain.rights import BROWSE, CHANGE_ACCOUNT, MANAGE_QUEUE, MANAGE_USERS, SEE_HEALTH, SHARE, Right

# topic -> the right that following it asks for.
TOPICS: dict[str, Right] = {
    "queue": MANAGE_QUEUE,
    "media": BROWSE,
    "sessions": CHANGE_ACCOUNT,
    "streams": CHANGE_ACCOUNT,
    "mounts": SEE_HEALTH,
    "shares": SHARE,
    "users": MANAGE_USERS,
}

# What is in the audit trail, and changes what pages show.
AUDITED = {
    "import_retried": "queue",
    "import_cancelled": "queue",
    "import_put_first": "queue",
    "share_made": "shares",
    "share_changed": "shares",
    "share_revoked": "shares",
    "share_opened": "shares",
    "user_created": "users",
    "user_disabled": "users",
    "user_enabled": "users",
    "user_deleted": "users",
    "role_changed": "users",
    "stream_limit_changed": "users",
    "mount_loss_confirmed": "mounts",
}

# Of these one hears what is one's own (the event's `user`); administrators hear everybody's.
PERSONAL = frozenset({"sessions", "streams", "shares"})

"""THE table of who may do what. routes.py names a right for every route, decisions.py asks it for every media.

The README prints this table, and tests/e2e/test_rights.py holds every route to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from control.domain.users import Role

Scope = Literal["library", "links", "uploads", "admin"]

# What a service token may be given, and how the account page explains it.
SCOPES: dict[Scope, str] = {
    "library": "See the library, play and download",
    "links": "Make links that can be passed on",
    "uploads": "Upload files, and delete those of its owner",
    "admin": "Administer, where its owner may",
}


@dataclass(frozen=True, slots=True)
class Right:
    """`role` is the least role that has it (None: whoever asks); owners of the media have it from `owner_role` on.

    `scope` is what a service token needs for it: None keeps service tokens out, "" lets every one in.
    """

    name: str
    role: Role | None
    scope: Scope | Literal["", None]
    says: str
    owner_role: Role | None = None

    @property
    def least_role(self) -> Role | None:
        """The least role that has it for anything at all."""
        return self.owner_role or self.role


OPEN = Right("open", None, "", "Sign in, read the API's description, ask whether it is well")
SIGNED = Right("signed", None, "", "Use a signed link: the signature is the right")
INTERNAL = Right("internal", None, "", "Asked by Nginx alone, which sends what its own client sent")
VISIT = Right("visit", None, "", "Use a share: its code, and its password where it has one, are the right")
SCRAPE = Right("scrape", None, "", "Read the metrics, from a network that `[metrics]` names")
SEE_ACCOUNT = Right("see_account", "guest", "", "See who one is")
CHANGE_ACCOUNT = Right("change_account", "guest", None, "See and end one's devices, change one's password and tokens")
BROWSE = Right("browse", "guest", "library", "List the media that one may see")
VIEW = Right("view", "guest", "library", "Play a media that one may see")
DOWNLOAD = Right("download", "guest", "library", "Read the facts, pictures and original of a media that one may see")
LINK = Right("link", "viewer", "links", "Make a signed link to a media that one may see")
SHARE = Right("share", "viewer", None, "Share media that one may see, and see and end one's shares")
UPLOAD = Right("upload", "viewer", "uploads", "Upload files, and see how much room is left")
CONTINUE = Right("continue_upload", None, "", "Go on with an upload: its id is the right, while nobody has ended it")
DELETE_MEDIA = Right(
    "delete_media", "admin", "uploads", "Put a media into the trash, or delete its file for good", owner_role="viewer"
)  # fmt: skip
USE_TRASH = Right(
    "use_trash", "admin", "uploads", "See what is in the trash, bring it back, delete it for good", owner_role="viewer"
)  # fmt: skip
CHANGE_MEDIA = Right(
    "change_media", "editor", None, "Change a media's name and tags, and who may see it", owner_role="viewer"
)  # fmt: skip
GIVE_MEDIA = Right("give_media", "admin", None, "Give a media another owner")
SEE_AUDIT = Right("see_audit", "admin", "admin", "Read the audit trail, and why something was decided")
SEE_INSIGHT = Right("see_insight", "editor", "admin", "See what is watched, delivered, stored and looked for")
SEE_HEAT = Right("see_heat", "editor", "admin", "See which parts of a media are watched", owner_role="viewer")
SEE_HISTORY = Right("see_history", "guest", None, "See and clear what one has watched")
MANAGE_QUEUE = Right("manage_queue", "admin", "admin", "See the import queue and what was refused, try again, cancel")
END_ANY_SESSION = Right("end_any_session", "admin", None, "See and end anybody's devices")
# Not for service tokens: one that has leaked must not make administrators, nor change keys.
MANAGE_USERS = Right("manage_users", "admin", None, "See, make, change and remove users")
END_ANY_SHARE = Right("end_any_share", "admin", None, "See and call back anybody's shares")
MANAGE_KEYS = Right("manage_keys", "admin", None, "See how old keys are, and have new ones made")
MANAGE_MOUNTS = Right("manage_mounts", "admin", None, "Confirm that files of a mount are gone for good")
SEE_HEALTH = Right("see_health", "admin", "admin", "See how the server, its disks and its mounts are")

RIGHTS = (
    OPEN, SIGNED, INTERNAL, VISIT, SCRAPE, SEE_ACCOUNT, CHANGE_ACCOUNT, BROWSE, VIEW, DOWNLOAD, LINK, SHARE, UPLOAD,
    CONTINUE, DELETE_MEDIA, USE_TRASH, CHANGE_MEDIA, GIVE_MEDIA, SEE_AUDIT, MANAGE_QUEUE, END_ANY_SESSION,
    MANAGE_USERS, END_ANY_SHARE, MANAGE_KEYS, MANAGE_MOUNTS, SEE_HEALTH, SEE_INSIGHT, SEE_HEAT, SEE_HISTORY,
)  # fmt: skip

# Who sees which media at all: the first line that fits.
VISIBILITY = (
    ("public", "everybody who is signed in, guests too"),
    ("library", "viewers, editors and administrators, and its owner"),
    ("private", "its owner and administrators"),
)

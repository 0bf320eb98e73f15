"""decide(): every rung of the guard ladder, by its reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from control.domain.media import Media
from control.domain.sessions import ANONYMOUS, Principal
from control.services.decisions import decide, decide_directory

ALICE, BOB = "a" * 8, "b" * 8


def media(**changes):
    base = {
        "id": "m", "name": "n", "kind": "video", "mime": "video/mp4", "size_bytes": 1, "source": "import",
        "state": "completed", "created_at": datetime.now(UTC), "owner_id": ALICE,
    }  # fmt: skip
    return Media(**{**base, **changes})


def principal(role="viewer", user=BOB):
    return Principal("session", user, "x", "", role, "s")


@pytest.mark.parametrize(
    ("who", "action", "what", "allowed", "reason"),
    [
        (ANONYMOUS, "view", media(visibility="public"), False, "sign_in_required"),
        (principal(), "view", None, False, "no_such_media"),
        (principal("guest"), "view", media(), False, "guests_see_public_media_only"),
        (principal("guest"), "view", media(visibility="public"), True, "public"),
        (principal(), "view", media(visibility="private"), False, "private"),
        (principal("editor"), "still", media(visibility="private"), False, "private"),
        (principal(user=ALICE), "view", media(visibility="private"), True, "owner"),
        (principal("admin"), "view", media(visibility="private"), True, "admin"),
        (principal(), "view", media(state="processing"), False, "not_ready"),
        (principal(), "view", media(state="playable"), True, "library"),
        (principal(), "still", media(state="processing"), True, "library"),
        (principal("guest"), "link", media(visibility="public"), False, "guests_mint_no_links"),
        (principal(), "link", media(), True, "library"),
    ],
)
def test_the_ladder(who, action, what, allowed, reason):
    decision = decide(who, action, what, "d1")
    assert (decision.allowed, decision.reason, decision.id) == (allowed, reason, "d1")
    assert (decision.error is None) == allowed


def test_a_private_media_looks_like_none():
    hidden = decide(principal(), "view", media(visibility="private"), "d")
    absent = decide(principal(), "view", None, "d")
    assert hidden.error == absent.error == "MEDIA_001"


@pytest.mark.parametrize(
    ("who", "needed", "reason"),
    [(ANONYMOUS, "viewer", "sign_in_required"), (principal(), None, "no_such_directory"),
     (principal("guest"), "viewer", "role_too_low"), (principal(), "viewer", "role"), (principal(), "guest", "role")],
)  # fmt: skip
def test_a_directory_asks_for_a_role(who, needed, reason):
    assert decide_directory(who, needed, "d").reason == reason

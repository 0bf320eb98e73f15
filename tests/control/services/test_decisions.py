"""decide(): every rung of the guard ladder, by its reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from control.domain.media import Media
from control.domain.rights import (
    CHANGE_ACCOUNT,
    CHANGE_MEDIA,
    DELETE_MEDIA,
    DOWNLOAD,
    GIVE_MEDIA,
    LINK,
    RIGHTS,
    SEE_ACCOUNT,
    SEE_AUDIT,
    USE_TRASH,
    VIEW,
)
from control.domain.sessions import ANONYMOUS, Principal
from control.services.decisions import decide, decide_directory, may

ALICE, BOB = "a" * 8, "b" * 8
NOW = datetime.now(UTC)


def media(**changes):
    base = {
        "id": "m", "name": "n", "kind": "video", "mime": "video/mp4", "size_bytes": 1, "source": "import",
        "state": "completed", "created_at": datetime.now(UTC), "owner_id": ALICE,
    }  # fmt: skip
    return Media(**{**base, **changes})


def principal(role="viewer", user=BOB):
    return Principal("session", user, "x", "", role, "s")


def token(*scopes, role="viewer", user=BOB):
    return Principal("token", user, "x", "", role, token_id="t", scopes=frozenset(scopes))


@pytest.mark.parametrize(
    ("who", "action", "what", "allowed", "reason"),
    [
        (ANONYMOUS, VIEW, media(visibility="public"), False, "sign_in_required"),
        (principal(), VIEW, None, False, "no_such_media"),
        (principal("guest"), VIEW, media(), False, "guests_see_public_media_only"),
        (principal("guest"), VIEW, media(visibility="public"), True, "public"),
        (principal(), VIEW, media(visibility="private"), False, "private"),
        (principal("editor"), DOWNLOAD, media(visibility="private"), False, "private"),
        (principal(user=ALICE), VIEW, media(visibility="private"), True, "owner"),
        (principal("admin"), VIEW, media(visibility="private"), True, "admin"),
        (principal(), VIEW, media(state="processing"), False, "not_ready"),
        (principal(), VIEW, media(state="playable"), True, "library"),
        (principal(), DOWNLOAD, media(state="processing"), True, "library"),
        (principal("guest"), LINK, media(visibility="public"), False, "role_too_low"),
        (principal(), LINK, media(), True, "library"),
        (principal("guest", ALICE), VIEW, media(), True, "owner"),
        (principal(user=ALICE), DOWNLOAD, media(trashed_at=NOW), False, "trashed"),
        (principal("admin"), DELETE_MEDIA, media(trashed_at=NOW), False, "trashed"),
        (principal("editor"), USE_TRASH, media(trashed_at=NOW, visibility="public"), False, "trashed"),
        (principal(user=ALICE), USE_TRASH, media(trashed_at=NOW), True, "owner"),
        (principal("admin"), USE_TRASH, media(trashed_at=NOW, visibility="private"), True, "admin"),
        (principal("admin"), USE_TRASH, media(), False, "not_in_trash"),
        (token("library", user=ALICE), USE_TRASH, media(trashed_at=NOW), False, "scope_missing"),
        (principal(), CHANGE_MEDIA, media(), False, "role_too_low"),
        (principal(user=ALICE), CHANGE_MEDIA, media(), True, "owner"),
        (principal("guest", ALICE), CHANGE_MEDIA, media(), False, "role_too_low"),
        (principal("editor"), CHANGE_MEDIA, media(), True, "library"),
        (principal("editor"), GIVE_MEDIA, media(), False, "role_too_low"),
        (token("library"), VIEW, media(), True, "library"),
        (token("links"), VIEW, media(), False, "scope_missing"),
        (token("links"), VIEW, media(visibility="private"), False, "private"),
        (token("library", user=ALICE), VIEW, media(visibility="private"), True, "owner"),
        (token("library", "links", "admin"), CHANGE_MEDIA, media(), False, "people_only"),
    ],
)
def test_the_ladder(who, action, what, allowed, reason):
    decision = decide(who, action, what, "d1")
    assert (decision.allowed, decision.reason, decision.id) == (allowed, reason, "d1")
    assert (decision.error is None) == allowed


def test_a_private_media_looks_like_none():
    hidden = decide(principal(), VIEW, media(visibility="private"), "d")
    absent = decide(principal(), VIEW, None, "d")
    assert hidden.error == absent.error == "MEDIA_001"


@pytest.mark.parametrize(
    ("who", "needed", "reason"),
    [(ANONYMOUS, "viewer", "sign_in_required"), (principal(), None, "no_such_directory"),
     (principal("guest"), "viewer", "role_too_low"), (token("links"), "guest", "scope_missing"),
     (token("library"), "viewer", "role"),
     (principal(), "viewer", "role"), (principal(), "guest", "role")],
)  # fmt: skip
def test_a_directory_asks_for_a_role(who, needed, reason):
    assert decide_directory(who, needed, "d").reason == reason


@pytest.mark.parametrize(
    ("who", "right", "reason"),
    [
        (ANONYMOUS, SEE_ACCOUNT, "sign_in_required"), (principal("guest"), SEE_ACCOUNT, "role"),
        (principal("editor"), SEE_AUDIT, "role_too_low"), (principal("admin"), SEE_AUDIT, "role"),
        (token("library", role="admin"), SEE_AUDIT, "scope_missing"), (token("admin", role="admin"), SEE_AUDIT, "role"),
        (token("admin"), SEE_AUDIT, "role_too_low"), (token("library"), SEE_ACCOUNT, "role"),
        (token("library", "links", "admin", role="admin"), CHANGE_ACCOUNT, "people_only"),
    ],
)  # fmt: skip
def test_a_route_asks_for_its_right(who, right, reason):
    assert may(who, right, "d").reason == reason


def test_every_right_has_one_name():
    assert len({right.name for right in RIGHTS}) == len(RIGHTS)

"""User rows in a real Postgres: an active administrator always stays."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from control.storage.sql.users import UserStore

ROUNDS = 20


@pytest.fixture
def store(database):
    """Without administrators."""
    database.run("UPDATE users SET role = 'viewer' WHERE role = 'admin'")
    return UserStore(database)


def someone(store, role: str, **more: str):
    return store.create(f"user-{uuid.uuid4().hex[:8]}", "hash", role, **more)


def test_the_last_administrator_stays_whatever_is_asked(store):
    admin = someone(store, "admin")
    assert not store.set_role(admin.id, "viewer") and not store.set_active(admin.id, False)
    assert store.find(admin.id).role == "admin" and store.find(admin.id).active
    other = someone(store, "admin")
    assert store.set_active(admin.id, False) and not store.set_active(other.id, False)
    assert not store.set_role(other.id, "editor")  # the first one is switched off, and does not count


def test_of_two_administrators_who_go_at_once_one_stays(store):
    """Two transactions at once, one by role and one by being switched off."""
    first, second = someone(store, "admin"), someone(store, "admin")
    together = threading.Barrier(2)

    def leave(go, *change) -> bool:
        together.wait()
        return go(*change)

    with ThreadPoolExecutor(2) as pool:
        for _ in range(ROUNDS):
            going = [
                pool.submit(leave, store.set_role, first.id, "viewer"),
                pool.submit(leave, store.set_active, second.id, False),
            ]
            assert sorted(one.result() for one in going) == [False, True]
            store.set_role(first.id, "admin")
            store.set_active(second.id, True)


def test_media_of_a_user_who_goes_become_those_of_the_heir(database, store):
    leaver, heir = someone(store, "viewer"), someone(store, "admin")
    media = database.one(
        """INSERT INTO media (name, kind, size_bytes, source, owner_id) VALUES ('a', 'image', 7, 'upload', %s)
           RETURNING id::text""",
        [leaver.id],
    )["id"]
    assert store.delete(leaver.id, heir.id) == [media] and store.find(leaver.id) is None
    summary = store.summary(heir.id, datetime.now(UTC) - timedelta(minutes=30))
    assert (summary.media, summary.used_bytes) == (1, 7)


def test_users_are_found_by_any_part_of_their_names(store):
    mark = uuid.uuid4().hex[:8]
    wanted = someone(store, "editor", full_name=f"Zoë {mark} Novák", email=f"zoe@{mark}.example")
    since = datetime.now(UTC)
    for query in (mark.upper(), f"{mark} nov", f"@{mark}"):
        assert [one.id for one in store.summaries(query, None, None, since, 10, 0)[0]] == [wanted.id]
    assert store.summaries(mark, "viewer", None, since, 10, 0) == ([], 0)
    assert store.summaries(mark, "editor", True, since, 10, 0)[1] == 1

"""The trail is written behind: in order, once the database is back; one entry that it never takes does not cost the others."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from control.domain.sessions import Principal
from control.errors import DatabaseUnavailable, Unwritable
from control.services.audit import Audit

UNA = Principal("session", "una")


class Store:
    def __init__(self):
        self.rows, self.error, self.patience = [], None, 1000

    def append(self, entries):
        self.patience -= 1
        if self.error or self.patience < 0:
            raise self.error or DatabaseUnavailable()
        if any("\0" in entry.event for entry in entries):
            raise Unwritable("NUL")
        self.rows += [entry.event for entry in entries]


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def audit(store):
    return Audit(store, lambda **facts: SimpleNamespace(**facts))


def record(audit, *events):
    for event in events:
        audit.record(event, UNA)


def test_what_waits_for_the_database_is_written_in_order(audit, store):
    store.error = DatabaseUnavailable()
    record(audit, "one", "two")
    audit.flush()
    record(audit, "three")
    store.error = None
    audit.flush()
    assert store.rows == ["one", "two", "three"]


def test_only_what_can_never_be_written_is_left_out(audit, store):
    record(audit, "a", "b\0", "c", "d", "e\0", "f")
    store.patience = 4  # the database goes away half way through
    audit.flush()
    assert store.rows != list("acdf")
    store.patience = 1000
    record(audit, "g")
    audit.flush()
    audit.flush()
    assert store.rows == list("acdfg")


def test_an_error_that_says_nothing_of_the_entries_keeps_them(audit, store):
    store.error = RuntimeError("read-only")
    record(audit, "one")
    with pytest.raises(RuntimeError):
        audit.flush()
    store.error = None
    audit.flush()
    assert store.rows == ["one"]

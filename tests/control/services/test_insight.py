"""What a worker writes behind: searches wait for a database that is away, and nothing unexpected stops the rest."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from control.bootstrap import Services
from control.errors import DatabaseUnavailable
from control.services.insight import Insight


class Store:
    def __init__(self):
        self.written, self.error = [], None

    def add_searches(self, searches):
        if self.error:
            raise self.error
        self.written += [term for _, term, *_ in searches]


def test_searches_wait_for_the_database_and_what_it_never_takes_is_dropped():
    store = Store()
    insight = Insight(store)
    store.error = DatabaseUnavailable()
    insight.searched("cats", 1)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            insight.write_searches()
    store.error = None
    insight.write_searches()
    store.error = ValueError("no such text")
    insight.searched("dogs", 1)
    with pytest.raises(ValueError, match="no such text"):
        insight.write_searches()
    store.error = None
    insight.searched("mice", 1)
    insight.write_searches()
    assert store.written == ["cats", "mice"]


def test_whatever_one_of_them_raises_the_others_are_written():
    done = []

    def broken():
        done.append("broken")
        raise ValueError("unexpected")

    services = SimpleNamespace(
        counts=None, database=SimpleNamespace(use=broken), event_hub=SimpleNamespace(count=0),
        publisher=SimpleNamespace(flush=broken), leases=SimpleNamespace(flush=broken),
        audit=SimpleNamespace(flush=broken), sessions=SimpleNamespace(write_clocks=broken),
        service_tokens=SimpleNamespace(write_uses=broken), visits=SimpleNamespace(write_seen=broken),
        insight=SimpleNamespace(write_searches=broken),
        positions=SimpleNamespace(flush=lambda: done.append("positions")),
    )  # fmt: skip
    for _ in range(2):
        Services.write_behind(services)
    assert done[-1] == "positions" and done.count("positions") == 2

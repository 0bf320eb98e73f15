"""What a worker remembers, and when it does not trust itself."""

from __future__ import annotations

from control.services.memory import Memory


class Source:
    def __init__(self, **records):
        self.records, self.asked = records, 0

    def __call__(self, key):
        self.asked += 1
        return self.records.get(key)


def test_a_record_is_loaded_once():
    source = Source(a=1)
    memory = Memory(source, lambda: True)
    assert [memory.get("a") for _ in range(3)] == [1, 1, 1] and source.asked == 1


def test_a_change_is_seen_at_once():
    source = Source(a=1)
    memory = Memory(source, lambda: True)
    memory.get("a")
    source.records["a"] = 2
    memory.drop("a")
    assert memory.get("a") == 2


def test_nothing_is_trusted_while_changes_may_be_missed():
    source, healthy = Source(a=1), [True]
    memory = Memory(source, lambda: healthy[0])
    memory.get("a")
    healthy[0], source.records["a"] = False, 2
    assert memory.get("a") == 2


def test_what_does_not_exist_is_asked_again():
    source = Source()
    memory = Memory(source, lambda: True)
    assert memory.get("a") is None
    source.records["a"] = 1
    assert memory.get("a") == 1


def test_an_answer_that_a_change_overtook_is_not_kept():
    memory = None

    def slow(key):
        memory.drop(key)  # the change arrives while the database is still answering
        return "old"

    memory = Memory(slow, lambda: True)
    assert memory.get("a") == "old"
    memory._load = lambda key: "new"
    assert memory.get("a") == "new"


def test_memory_is_bounded():
    memory = Memory(lambda key: key, lambda: True, size=3)
    for key in "abcdef":
        memory.get(key)
    assert len(memory._records) == 3

"""What a worker remembers: answers of the database, trusted only while every change reaches this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Record = TypeVar("Record")


class Memory(Generic[Record]):
    """Records by id, loaded on demand, dropped on change.

    While `trusted()` is false (the change channel is down) every answer comes from `load`. None is never remembered.
    """

    def __init__(self, load: Callable[[str], Record | None], trusted: Callable[[], bool], size: int = 200_000):
        self._load, self._trusted, self._size = load, trusted, size
        self._records: dict[str, Record] = {}
        self._changes = 0

    def get(self, key: str) -> Record | None:
        if self._trusted():
            record = self._records.get(key)
            if record is not None:
                return record
        return self._load_and_keep(key)

    def _load_and_keep(self, key: str) -> Record | None:
        before = self._changes
        record = self._load(key)
        # A change that arrived while the database answered makes this answer too old to keep.
        if record is not None and before == self._changes:
            if len(self._records) >= self._size:
                self._records.pop(next(iter(self._records)))
            self._records[key] = record
        return record

    def drop(self, key: str) -> None:
        self._changes += 1
        self._records.pop(key, None)

    def clear(self) -> None:
        self._changes += 1
        self._records.clear()

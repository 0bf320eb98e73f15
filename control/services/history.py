"""One's own history, and its clearing."""

from __future__ import annotations

from control.domain.sessions import Principal

_VISIBLE = {"guest": ["public"], "admin": ["public", "library", "private"]}


class History:
    def __init__(self, store):
        self._store = store

    def page(self, principal: Principal, limit: int, after=None) -> list[dict]:
        return self._store.page(principal.user_id, _VISIBLE.get(principal.role, ["public", "library"]), limit, after)

    def clear(self, principal: Principal, media_id: str | None = None) -> int:
        """Take one's name from everything that shows who watched; return how many entries have gone."""
        return self._store.clear(principal.user_id, media_id)

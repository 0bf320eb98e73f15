"""Keys from the administrator's side: how old they are, and having new ones made, in the background."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from control import vault
from control.domain.keys import LinkKey, LinkStatus, MasterStatus, MasterVersion
from control.domain.queue import ROTATE_KEYS, ROTATE_LINK_KEY
from control.domain.sessions import Principal
from control.errors import BadRequest
from control.services.audit import Audit
from control.services.link_keys import LinkKeys


class Keys:
    """`rotations()` are the trail's entries of new link keys, the newest first."""

    def __init__(
        self, master: vault.MasterKeys, media_keys, link_keys: LinkKeys, chores, rotations, audit: Audit,
        rotation_days: int,
    ):  # fmt: skip
        self._master, self._media_keys, self._link_keys, self._chores = master, media_keys, link_keys, chores
        self._rotations, self._audit, self._rotation_days = rotations, audit, rotation_days

    def master(self) -> MasterStatus:
        counts, numbers = self._media_keys.counts(), self._master.versions()
        versions = [
            MasterVersion(number, self._made(number), counts.get(number, 0), number == numbers[-1])
            for number in reversed(numbers)
        ]
        return MasterStatus(
            versions, sum(counts.values()) - versions[0].wraps, self._rotation_days,
            versions[0].made_at + timedelta(days=self._rotation_days), self._chores.find(ROTATE_KEYS),
        )  # fmt: skip

    def links(self) -> LinkStatus:
        made = {entry.details.get("key_id"): entry.at for entry in self._rotations()}
        signs = self._link_keys.current
        ordered = sorted(self._link_keys.keys, key=lambda kid: kid != signs)
        return LinkStatus(
            [LinkKey(kid, kid == signs, made.get(kid)) for kid in ordered], self._chores.find(ROTATE_LINK_KEY)
        )

    def rotate_master(self, seen: str, by: Principal, **where: str) -> bool:
        """Have every media key wrapped by a new master key; False where that is under way. Nothing stops playing.

        `seen` is the version that whoever asks has seen: raises BadRequest where there is a newer one.
        """
        _check_seen(seen, str(self._master.versions()[-1]))
        return self._ask(ROTATE_KEYS, by, where)

    def rotate_links(self, seen: str, by: Principal, **where: str) -> bool:
        """Have links signed by a new key, likewise."""
        _check_seen(seen, self._link_keys.current)
        return self._ask(ROTATE_LINK_KEY, by, where)

    def _ask(self, task: str, by: Principal, where: dict[str, str]) -> bool:
        asked = self._chores.ask(task, by.name)
        if asked:
            self._audit.record("rotation_asked", by, reason=task, **where)
        return asked

    def _made(self, version: int) -> datetime:
        return datetime.fromtimestamp(self._master.path(version).stat().st_mtime, UTC)


def _check_seen(seen: str, current: str) -> None:
    if seen != current:
        raise BadRequest("There is a newer key than the one that you have seen: look again.")

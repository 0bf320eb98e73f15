"""Who is watching what now, and the limit of it: key leases, renewed by every content key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from control.domain.leases import Lease, WatchedGrant, Watching
from control.domain.sessions import Principal
from control.errors import NotFound, TooManyFilms
from control.services.audit import Audit
from nginx import contract

Wish = Callable[[str, str, str, bool], object]  # what storage.redis.leases takes: holder, grant, rung, picture


class Leases:
    """`leases` are those of Redis, `grants` their rows; `tell(holder)` says to the pages that its streams changed."""

    def __init__(
        self, leases, wish: Wish, grants, forget_grant: Callable[[str], None], tell: Callable[[str], None],
        audit: Audit, limit: int,
    ):  # fmt: skip
        self._leases, self._wish, self._grants = leases, wish, grants
        self._forget_grant, self._tell, self._audit, self._limit = forget_grant, tell, audit, limit

    # --- watching ---------------------------------------------------------------------------------

    def renew(self, principal: Principal, grant: str, label: str) -> None:
        """A content key is asked for; raises TooManyFilms where the user watches as many others as are allowed.

        Pictures are no streams. Without a limit nobody waits for this: it is written behind.
        """
        if label == contract.IMAGE_RUNG:
            return
        holder, limit = _holder(principal), self._limit_of(principal)
        wanted = self._wish(holder, grant, label, not label.startswith(("audio", "text")))
        if not limit:
            return self._leases.take_later(wanted)
        outcome = self._leases.take(wanted, limit)
        if outcome < 0 and self._tidy(holder):
            outcome = self._leases.take(wanted, limit)
        if outcome < 0:
            raise TooManyFilms(_sentence(self.of(principal)), reason="stream_limit")
        if outcome > 0:
            self._tell(holder)

    def _limit_of(self, principal: Principal) -> int:
        if principal.share:
            return 0
        return self._limit if principal.max_streams is None else principal.max_streams

    def _tidy(self, holder: str) -> bool:
        """End the leases of grants that have ended by themselves (a killed session, a revoked player)."""
        leases = self._leases.of(holder)
        alive = {grant.grant for grant in self._grants.watched([lease.grant for lease in leases])}
        ended = [self._leases.end(holder, lease.grant) for lease in leases if lease.grant not in alive]
        return bool(ended)

    def flush(self) -> None:
        """Write what was kept for later."""
        for holder in self._leases.flush():
            self._tell(holder)

    # --- seeing -----------------------------------------------------------------------------------

    def of(self, principal: Principal) -> list[Watching]:
        """What the user watches now, portable players included."""
        return self._described(self._leases.of(principal.user_id))

    def all(self) -> list[Watching]:
        """What everybody watches now, visitors of shares included."""
        return self._described(self._leases.all())

    def count(self) -> int:
        """How many streams there are."""
        return self._leases.count()

    def _described(self, leases: list[Lease]) -> list[Watching]:
        known = {grant.grant: grant for grant in self._grants.watched([lease.grant for lease in leases])}
        return [
            Watching(known[lease.grant], datetime.fromtimestamp(lease.since, UTC), lease.rung)
            for lease in sorted(leases, key=lambda lease: lease.since)
            if lease.grant in known
        ]

    # --- ending -----------------------------------------------------------------------------------

    def leave(self, principal: Principal, stream: UUID) -> None:
        """The player of a stream was closed; `stream` may also name the media that this session plays.

        Its grant lives on: going back to the page goes on.
        """
        for lease in self.of(principal):
            mine = lease.grant.session_id == principal.session_id and not lease.grant.portable
            if lease.grant.grant == stream.hex or (mine and lease.grant.media_id == str(stream)):
                self._leases.end(principal.user_id, lease.grant.grant)
                self._tell(principal.user_id)

    def take_over(self, principal: Principal, stream: UUID, device: str, address: str, decision_id: str) -> None:
        """End a stream of one's own for this device's sake: its player stops at its next key, and is told why.

        Raises NotFound for one that is over, or of somebody else.
        """
        found = self._one(self.of(principal), stream)
        self._stop(found, f"Taken over by {device}.")
        self._record("stream_taken_over", principal, found, address, decision_id)

    def stop(self, principal: Principal, stream: UUID, address: str, decision_id: str) -> None:
        """End anybody's stream (an administrator's right); raises NotFound for one that is over."""
        found = self._one(self.all(), stream)
        self._stop(found, "An administrator has ended it.")
        self._record("stream_ended", principal, found, address, decision_id)

    def _one(self, watching: list[Watching], stream: UUID) -> WatchedGrant:
        for one in watching:
            if one.grant.grant == stream.hex:
                return one.grant
        raise NotFound("Nobody watches there any more.")

    def _stop(self, grant: WatchedGrant, reason: str) -> None:
        self._grants.revoke(grant.grant, reason)
        self._forget_grant(grant.grant)
        holder = f"share:{grant.share_id}" if grant.share_id else grant.user_id
        self._leases.end(holder, grant.grant)
        self._tell(holder)

    def _record(
        self, event: str, principal: Principal, grant: WatchedGrant, address: str, decision_id: str
    ) -> None:  # fmt: skip
        self._audit.record(
            event, principal, media_id=grant.media_id, address=address, decision=decision_id,
            reason="by its user" if grant.user_id == principal.user_id else "by somebody else",
            details={"device": grant.device, "user": grant.username, "stream": str(UUID(grant.grant))},
        )  # fmt: skip


def _holder(principal: Principal) -> str:
    """Whose streams are counted together: visitors of a share are the share's, not its owner's."""
    return f"share:{principal.share.id}" if principal.share else principal.user_id


def _sentence(watching: list[Watching]) -> str:
    """What the others are, for players and programs without a page."""
    others = [f"{one.grant.device} plays {one.grant.media_name!r}" for one in watching]
    return f"{'; '.join(others)}. End one of them, or take it over: GET /api/streams." if others else ""

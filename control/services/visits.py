"""Visits of shares: who has the code and the password, and which uses are taken while something is fetched."""

from __future__ import annotations

import functools
import hashlib
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from control.domain.media import Media
from control.domain.sessions import Principal
from control.domain.shares import Hold, Share, Visit
from control.errors import GrantEnded, ShareBusy, ShareNotFound, ShareSpent, WrongSharePassword
from control.services.audit import Audit
from control.services.last_seen import LastSeen
from control.services.limits import ShareLimits, network
from control.services.memory import Memory
from control.services.passwords import Passwords
from control.services.shares import code_hash
from control.services.tokens import FormTokens
from nginx import contract

# Without a receipt a delivery counts as running for so long: the processor may be down, or Nginx was killed.
LEASE = timedelta(minutes=10)
SLOWEST = 100_000  # bytes/s of a download that is still waited for
# A visit whose use is counted may fetch the rest, go on watching, and ask for parts again.
FINISH = timedelta(hours=12)
# So long a program without a cookie is taken for the one that came from the same address before.
SAME_PROGRAM = timedelta(hours=24)
BUSY_SECONDS = 5  # then whoever was told that somebody is fetching may ask again
_SEEN_SECONDS = 30

_CODE = re.compile(contract.SHARE_CODE)
_VISITOR = re.compile(r"(?P<visitor>[0-9a-f]{32})\.(?P<mac>[0-9a-f]{64})")


class AnotherUse(Exception):
    """It has had this file already; there are uses left for another visit."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request for a file says."""

    address: str
    agent: str
    request: str  # its id
    whole: bool = False  # from the first byte on: a download begins, or begins again
    looks: bool = False  # HEAD: nothing is fetched


class Visits:
    def __init__(
        self, shares, visits, share_memory: Memory[Share], memory: Memory[Visit], passwords: Passwords,
        signer: FormTokens, limits: ShareLimits, audit: Audit, publish: Callable[[str, str], None],
        period_seconds: int,
    ):  # fmt: skip
        self._shares, self._visits, self._share_memory, self._memory = shares, visits, share_memory, memory
        self._passwords, self._signer, self._limits = passwords, signer, limits
        self._audit, self._publish, self._period_seconds = audit, publish, period_seconds
        self._seen = LastSeen(shares.touch, _SEEN_SECONDS)

    # --- who is it --------------------------------------------------------------------------------

    def enter(self, code: str, cookie: str | None) -> Principal:
        """Who has this code, with the visit that the cookie names in that share; raises ShareNotFound."""
        share = self._share_memory.get(code_hash(code).hex()) if _CODE.fullmatch(code) else None
        if share is None:
            raise ShareNotFound(reason="no_such_share")
        visitor = self.visitor(cookie)
        visit = self._visit(share, visitor) if visitor else None
        return _principal(share, visit)

    def visitor(self, cookie: str | None) -> str | None:
        """Whose cookie it is; None for one that is not ours."""
        found = _VISITOR.fullmatch(cookie or "")
        return found["visitor"] if found and self._signer.verify(found["mac"], found["visitor"]) else None

    def alive(self, visit_id: str) -> tuple[Principal, str]:
        """Who holds a grant, and its visitor, by the database; raises GrantEnded for a share that is not there."""
        visit = self._visits.get(visit_id)
        share = visit and self._shares.get(visit.share_id)
        if share is None:
            raise GrantEnded()
        return _principal(share, visit), visit.visitor

    def _visit(self, share: Share, visitor: str) -> Visit | None:
        key = f"{share.id} {visitor}"
        visit = self._memory.get(key)
        if visit and visit.password_version != share.password_version:
            self._memory.drop(key)  # it may have given the new password to another worker
            visit = self._memory.get(key)
        return visit

    # --- opening ----------------------------------------------------------------------------------

    def unlock(self, principal: Principal, password: str, cookie: str | None, asked: Asked) -> str:
        """Return the cookie of a visit that has given the password; raises TooManyTries or WrongSharePassword."""
        share = principal.share
        self._limits.enter(share.id, asked.address)
        if share.password_hash and not self._passwords.verify(share.password_hash, password):
            self._record("share_password_wrong", principal, asked)
            raise WrongSharePassword()
        self._limits.succeeded(share.id, asked.address)
        visitor = self.visitor(cookie) or uuid.uuid4().hex
        self._open(share, visitor, None, asked)
        return self.cookie(visitor)

    def join(self, principal: Principal, cookie: str | None, asked: Asked) -> tuple[Principal, str | None]:
        """The principal with a visit, and the cookie that is to be set.

        Whoever brings no cookie is known by address and program, so that an interrupted download goes on.
        """
        share = principal.share
        self.seen(share)
        if principal.visit_id:
            return principal, None
        visitor = self.visitor(cookie)
        if visitor:
            return _principal(share, self._open(share, visitor, None, asked)), None
        fingerprint = _fingerprint(share, asked)
        known = self._visits.like(share.id, fingerprint, datetime.now(UTC) - SAME_PROGRAM)
        visit = known or self._open(share, uuid.uuid4().hex, fingerprint, asked)
        return _principal(share, visit), self.cookie(visit.visitor)

    def another(self, principal: Principal, cookie: str | None, asked: Asked) -> tuple[Principal, str]:
        """A new visit of the same one, and its cookie."""
        fingerprint = None if self.visitor(cookie) else _fingerprint(principal.share, asked)
        visit = self._open(principal.share, uuid.uuid4().hex, fingerprint, asked, join=False)
        return _principal(principal.share, visit), self.cookie(visit.visitor)

    def seen(self, share: Share) -> None:
        now = datetime.now(UTC)
        self._seen.touch(share.id, now, now)

    def write_seen(self) -> None:
        """Write behind when shares were seen; a failure keeps it for the next time."""
        self._seen.flush()

    def new_cookie(self) -> str:
        """Of a visitor who has not asked for anything yet."""
        return self.cookie(uuid.uuid4().hex)

    def cookie(self, visitor: str) -> str:
        return f"{visitor}.{self._signer.mint(visitor)}"

    def _open(self, share: Share, visitor: str, fingerprint: bytes | None, asked: Asked, join: bool = True) -> Visit:
        wanted = Visit(uuid.uuid4().hex, share.id, visitor, share.password_version)
        visit, new = self._visits.open(wanted, fingerprint, join)
        self._memory.drop(f"{share.id} {visit.visitor}")
        self._publish("visit", f"{share.id} {visit.visitor}")
        self.seen(share)
        if new:
            self._record("share_opened", _principal(share, visit), asked)
        return visit

    def _record(self, event: str, principal: Principal, asked: Asked) -> None:
        details = {"share": principal.share.id, "visit": principal.visit_id}
        self._audit.record(
            event, principal, address=asked.address, decision=asked.request, reason="share", details=details
        )

    # --- uses -------------------------------------------------------------------------------------

    def fetch(self, principal: Principal, media: Media, asked: Asked) -> None:
        """A visit fetches a file of a share; raises ShareBusy, ShareSpent, or AnotherUse."""
        share = principal.share
        judge = functools.partial(_judge, whole=asked.whole)
        if share.max_uses is None:
            return
        if asked.looks:
            return judge(self._visits.hold(share, principal.visit_id, media.id))
        lease = LEASE + timedelta(seconds=media.size_bytes / SLOWEST)
        self._visits.claim(share, principal.visit_id, media.id, asked.request, False, lease, judge)

    def look(self, principal: Principal, media: Media) -> None:
        """Whether a film may be opened now: nothing is taken before its first key. Raises ShareBusy or ShareSpent."""
        if principal.share.max_uses is not None:
            _judge(self._visits.hold(principal.share, principal.visit_id, media.id), whole=False)

    def watch(self, principal: Principal, media: Media, label: str, n: int, request: str) -> None:
        """A visit is given a content key: the first one takes a use, the second one (or an only one) counts it.

        Raises ShareBusy or ShareSpent.
        """
        share = principal.share
        if share.max_uses is None or label.startswith("text"):
            return
        self._visits.claim(share, principal.visit_id, media.id, request, True, LEASE, _judge_key)
        if n > 0 or (media.duration or 0) <= self._period_seconds:
            self._visits.use(principal.visit_id)


def _judge(hold: Hold, whole: bool) -> None:
    """May this visit fetch now? Raises ShareBusy, ShareSpent or AnotherUse."""
    if whole and hold.item_complete_at is not None:
        raise AnotherUse() if hold.taken < hold.limit else ShareSpent()
    if whole and hold.item_running:
        raise ShareBusy("You are fetching it already.", retry_after=BUSY_SECONDS)
    if hold.mine_used_at is not None:
        return _must_finish_soon(hold)
    if not hold.mine_running and hold.taken >= hold.limit:
        raise ShareSpent() if hold.used >= hold.limit else ShareBusy(retry_after=BUSY_SECONDS)


def _must_finish_soon(hold: Hold) -> None:
    """The visit's use is counted: what it still lacks it may fetch, and parts of what it has."""
    if datetime.now(UTC) - hold.mine_used_at > FINISH:
        raise ShareSpent()


def _judge_key(hold: Hold) -> None:
    """A grant that was opened in time plays to its end."""
    if hold.mine_used_at is None:
        _judge(hold, whole=False)


def _principal(share: Share, visit: Visit | None) -> Principal:
    unlocked = not share.password_hash or (visit is not None and visit.password_version == share.password_version)
    return Principal("share", share=share, visit_id=visit.id if visit else None, unlocked=unlocked)


def _fingerprint(share: Share, asked: Asked) -> bytes:
    return hashlib.sha256(f"{share.id}\n{network(asked.address)}\n{asked.agent}".encode()).digest()

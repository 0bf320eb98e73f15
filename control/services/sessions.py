"""Sessions: who a token stands for, refreshing, and ending."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from control.domain.sessions import Device, DeviceSession, Principal, Session, SessionKind
from control.domain.users import User
from control.errors import DeviceChanged, SessionEnded, SessionNotFound
from control.services.audit import Audit
from control.services.last_seen import LastSeen
from control.services.memory import Memory
from control.services.tokens import Claims, Tokens, token_hash

ACTIVITY_SECONDS = 30  # a session's clock is written at most this often
LONGEST_CHAIN = 50  # tokens that tabs may have exchanged within the grace
REFRESH_FORGED = "refresh token replayed"
DEVICE_FORGED = "refreshed from another device"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`refresh_token` is None only where the one of this moment cannot be worked out."""

    access_token: str
    refresh_token: str | None
    expires_in: int  # seconds
    user: User | None
    principal: Principal


class Sessions:
    def __init__(
        self, sessions, portable, memory: Memory[Session], tokens: Tokens, audit: Audit,
        publish: Callable[[str, str], None], idle_minutes: int, grace_seconds: int,
        tell: Callable[[str], None] = lambda user: None,
    ):  # fmt: skip
        """`tell(user)` says to the pages that a user's devices have changed."""
        self._sessions, self._portable, self._memory = sessions, portable, memory
        self._tokens, self._audit, self._publish, self._tell = tokens, audit, publish, tell
        self._idle, self._grace_seconds = timedelta(minutes=idle_minutes), grace_seconds
        self._clocks = LastSeen(sessions.touch, ACTIVITY_SECONDS)

    # --- who is it -------------------------------------------------------------------------------

    def principal(self, access_token: str, active: bool = True) -> Principal:
        """Return who the token stands for; raises TokenExpired, InvalidToken or SessionEnded."""
        return self.alive(self._tokens.verify_access(access_token).session_id, active)

    def alive(self, session_id: str, active: bool = True) -> Principal:
        """Return the principal of a live session and, if it is `active`, move its clock; raises SessionEnded."""
        session = self._memory.get(session_id)
        now = datetime.now(UTC)
        if session is None or session.ended or session.expires_at <= now or self._idle_too_long(session, now):
            raise SessionEnded()
        if active:
            self._clocks.touch(session_id, now, now)
        return session.principal

    def _idle_too_long(self, session: Session, now: datetime) -> bool:
        if now - session.last_activity_at < self._idle:
            return False
        if now - self._clocks.get(session.id, session.last_activity_at) < self._idle:
            return False
        # Another worker may have seen it since: ask the database before turning anyone away.
        self._memory.drop(session.id)
        fresh = self._sessions.find(session.id)
        return fresh is None or now - fresh.last_activity_at >= self._idle

    def write_clocks(self) -> None:
        """Write the activity clocks behind; called every few seconds. A failure keeps them for the next time."""
        self._clocks.forget_before(datetime.now(UTC) - self._idle)
        self._clocks.flush()

    # --- opening and refreshing ------------------------------------------------------------------

    def open(
        self, user: User, device: Device, kind: SessionKind, expires_at: datetime | None = None,
        end: Sequence[str] = (), limit: int | None = None,
    ) -> SignedIn | None:  # fmt: skip
        """A session of `user` on `device`, in place of the one it had; None when `limit` others are alive already."""
        session_id = str(uuid.uuid4())
        refresh_token, token_id = self._tokens.mint("refresh", user.id, session_id)
        ended = self._sessions.open(
            session_id, user.id, device, kind, token_hash(token_id), expires_at or self._refresh_until(),
            datetime.now(UTC) - self._idle, end, limit,
        )  # fmt: skip
        if ended is None:
            return None
        for replaced in ended:
            self._forget(replaced)
        self._tell(user.id)
        principal = Principal("session", user.id, user.username, user.full_name, user.role, session_id)
        access_token, _ = self._tokens.mint("access", user.id, session_id)
        return SignedIn(access_token, refresh_token, self._tokens.access_seconds, user, principal)

    def join(self, user: User, device: Device, kind: SessionKind, expires_at: datetime | None = None) -> Principal:
        """The live session of `user` on `device`, else a new one: for credentials that come with every request."""
        known = self._sessions.on_device(user.id, device.id)
        if known and known[1] is None:
            try:
                return self.alive(known[0])
            except SessionEnded:
                pass  # idle for too long: a new one takes its place
        return self.open(user, device, kind, expires_at).principal

    def ended_on(self, user_id: str, device_id: str) -> bool:
        """Whether the last session of the user on that device was ended by somebody."""
        known = self._sessions.on_device(user_id, device_id)
        return known is not None and known[1] is not None

    def refresh(self, refresh_token: str, device: Device, decision_id: str, active: bool = True) -> SignedIn:
        """Exchange a refresh token; one that is replayed, or comes from another device, ends its session.

        Raises TokenExpired, InvalidToken, SessionEnded or DeviceChanged.
        """
        claims = self._tokens.verify("refresh", refresh_token)
        principal = self.alive(claims.session_id, active)
        self._same_device(principal, device, decision_id)
        outcome = self._sessions.rotate(
            claims.session_id, token_hash(claims.token_id), token_hash(self._tokens.successor(claims.token_id)),
            self._refresh_until(), self._grace_seconds,
        )  # fmt: skip
        if outcome == "replayed":
            self._end_for_safety(principal, "refresh_replayed", REFRESH_FORGED, device, decision_id)
            raise SessionEnded("Its refresh token was used a second time, so it was ended for safety. Sign in again.")
        access_token, _ = self._tokens.mint("access", claims.user_id, claims.session_id)
        return SignedIn(access_token, self._current(claims), self._tokens.access_seconds, None, principal)

    def _current(self, claims: Claims) -> str | None:
        """The session's refresh token of this moment: the successor of the one that was presented, or one further on.

        None where it cannot be worked out, because the signing key has changed in between.
        """
        current, token_id = self._sessions.current_refresh_hash(claims.session_id), claims.token_id
        for _ in range(LONGEST_CHAIN):
            token_id = self._tokens.successor(token_id)
            if token_hash(token_id) == current:
                return self._tokens.mint("refresh", claims.user_id, claims.session_id, token_id)[0]
        return None

    def _same_device(self, principal: Principal, device: Device, decision_id: str) -> None:
        """The browser family is the one of the sign-in, and so is the device cookie wherever there must be one."""
        known = self._sessions.fingerprint(principal.session_id)
        browser = known.kind != "script"
        if known.family == device.family and (known.id == device.id or not (browser or device.proven)):
            return
        self._end_for_safety(principal, "device_changed", DEVICE_FORGED, device, decision_id)
        raise DeviceChanged()

    def _end_for_safety(
        self, principal: Principal, event: str, reason: str, device: Device, decision_id: str
    ) -> None:  # fmt: skip
        self._audit.record(
            event, principal, address=device.address, decision=decision_id, reason=reason,
            details={"device": device.name},
        )  # fmt: skip
        self.end(principal.session_id, reason)
        self._tell(principal.user_id)

    # --- out -------------------------------------------------------------------------------------

    def sign_out(self, principal: Principal, all_devices: bool, address: str, decision_id: str) -> int:
        """End this device's session, or all of the user's; return how many ended."""
        if all_devices:
            ended = self.end_all_of(principal.user_id, "signed out everywhere")
        else:
            ended = int(self.end(principal.session_id, "signed out"))
            self._tell(principal.user_id)
        self._audit.record("sign_out", principal, address=address, decision=decision_id, reason=f"{ended} ended")
        return ended

    def of_refresh_token(self, refresh_token: str) -> Principal:
        """Whose a refresh token is; raises TokenExpired, InvalidToken or SessionEnded."""
        claims: Claims = self._tokens.verify("refresh", refresh_token)
        return self.alive(claims.session_id)

    def devices(self, user_id: str | None = None) -> list[DeviceSession]:
        """The live sessions and portable grants of one user, or of everybody, without idle ones."""
        alive_since = datetime.now(UTC) - self._idle
        live = [session for session in self._sessions.live(user_id) if session.last_activity_at > alive_since]
        return live + self._portable.portable(user_id)

    def device_name(self, principal: Principal) -> str:
        """What the session's device is called; "" without a session."""
        known = principal.session_id and self._sessions.fingerprint(principal.session_id)
        return known.name if known else ""

    def end_device(self, principal: Principal, session_id: str, address: str, decision_id: str) -> None:
        """End one of the principal's own devices (an administrator: any); raises SessionNotFound for others."""
        everybody = principal.role == "admin"
        known = {device.id: device for device in self.devices(None if everybody else principal.user_id)}
        if session_id not in known:
            raise SessionNotFound()
        self._end_one(principal, known[session_id], address, decision_id)

    def end_others(self, principal: Principal, address: str, decision_id: str) -> int:
        """End every device of the principal but the one that asks; return how many."""
        others = [d for d in self.devices(principal.user_id) if d.id != principal.session_id]
        for device in others:
            self._end_one(principal, device, address, decision_id)
        return len(others)

    def end_devices_of(self, user_id: str, by: Principal, address: str, decision_id: str) -> int:
        """End every device of a user, on an administrator's wish; return how many."""
        devices = self.devices(user_id)
        for device in devices:
            self._end_one(by, device, address, decision_id)
        return len(devices)

    def _end_one(self, principal: Principal, device: DeviceSession, address: str, decision_id: str) -> None:
        if device.kind == "portable":
            grant = uuid.UUID(device.id).hex
            self._portable.revoke(grant)
            self._publish("grant", grant)
        else:
            self.end(device.id, f"ended by {principal.name}")
        self._tell(device.user_id)
        self._audit.record(
            "session_ended", principal, address=address, decision=decision_id,
            reason="by its user" if device.user_id == principal.user_id else "by somebody else",
            details={"session": device.id, "device": device.device_name, "user": device.username},
        )  # fmt: skip

    def end_all_of(self, user_id: str, reason: str) -> int:
        """End every session of a user at once, in every worker; return how many ended."""
        ended = self._sessions.end_all(user_id, reason)
        for session_id in ended:
            self._forget(session_id)
        self._tell(user_id)
        return len(ended)

    def judge_again(self, user_id: str) -> None:
        """The user's rights have changed: no worker may go on with what it remembers."""
        for session in self._sessions.live(user_id):
            self._forget(session.id)

    def end(self, session_id: str, reason: str) -> bool:
        """End one session, in every worker; True when it was alive."""
        ended = self._sessions.end(session_id, reason)
        self._forget(session_id)
        return ended

    def _forget(self, session_id: str) -> None:
        self._memory.drop(session_id)
        self._publish("session", session_id)

    def _refresh_until(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._tokens.refresh_seconds)

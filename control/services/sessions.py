"""Sessions: sign in, refresh, sign out, and who a token stands for."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from control.domain.sessions import Device, DeviceSession, Principal, Session
from control.domain.users import User
from control.errors import InvalidCredentials, SessionEnded, SessionNotFound
from control.services.audit import Audit
from control.services.memory import Memory
from control.services.passwords import Passwords
from control.services.tokens import Tokens, token_hash

ACTIVITY_SECONDS = 30  # a session's clock is written at most this often
REFRESH_FORGED = "refresh token replayed"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`refresh_token` is None where a sibling tab has already been given the new one."""

    access_token: str
    refresh_token: str | None
    expires_in: int
    user: User | None
    principal: Principal


class Sessions:
    def __init__(
        self, sessions, users, memory: Memory[Session], tokens: Tokens, passwords: Passwords, audit: Audit,
        publish: Callable[[str, str], None], idle_minutes: int, grace_seconds: int,
    ):  # fmt: skip
        self._sessions, self._users, self._memory = sessions, users, memory
        self._tokens, self._passwords, self._audit, self._publish = tokens, passwords, audit, publish
        self._idle, self._grace_seconds = timedelta(minutes=idle_minutes), grace_seconds
        self._clocks: dict[str, datetime] = {}  # last activity, as this worker saw it
        self._unwritten: dict[str, datetime] = {}

    # --- who is it -------------------------------------------------------------------------------

    def principal(self, access_token: str, active: bool = True) -> Principal:
        """Return who the token stands for; raises TokenExpired, InvalidToken or SessionEnded."""
        claims = self._tokens.verify_access(access_token)
        return self.alive(claims.session_id, active)

    def alive(self, session_id: str, active: bool = True) -> Principal:
        """Return the principal of a live session and, if it is `active`, move its clock; raises SessionEnded."""
        session = self._memory.get(session_id)
        now = datetime.now(UTC)
        if session is None or session.ended or session.expires_at <= now or self._idle_too_long(session, now):
            raise SessionEnded()
        if active:
            self._touch(session_id, now)
        return session.principal

    def _idle_too_long(self, session: Session, now: datetime) -> bool:
        seen = max(session.last_activity_at, self._clocks.get(session.id, session.last_activity_at))
        if now - seen < self._idle:
            return False
        # Another worker may have seen it since: ask the database before turning anyone away.
        self._memory.drop(session.id)
        fresh = self._memory.get(session.id)
        return fresh is None or now - fresh.last_activity_at >= self._idle

    def _touch(self, session_id: str, now: datetime) -> None:
        known = self._clocks.get(session_id)
        if known is None or (now - known).total_seconds() >= ACTIVITY_SECONDS:
            self._clocks[session_id] = self._unwritten[session_id] = now

    def write_clocks(self) -> None:
        """Write the activity clocks behind; called every few seconds. A failure keeps them for the next time."""
        forgettable = datetime.now(UTC) - self._idle
        self._clocks = {session: at for session, at in self._clocks.items() if at > forgettable}
        if self._unwritten:
            batch, self._unwritten = self._unwritten, {}
            try:
                self._sessions.touch(batch)
            except Exception:
                self._unwritten = {**batch, **self._unwritten}
                raise

    # --- in, on and out --------------------------------------------------------------------------

    def sign_in(self, login: str, password: str, device: Device, decision_id: str) -> SignedIn:
        """Check the password and open a session; raises InvalidCredentials, the same for every cause."""
        user = self._users.find_by_login(login)
        right = self._passwords.verify(user.password_hash if user else None, password)
        if user is None or not right or not user.active:
            self._audit.record(
                "sign_in_refused", Principal("anonymous", username=login[:50]), address=device.address,
                decision=decision_id, reason="invalid_credentials",
            )  # fmt: skip
            raise InvalidCredentials()
        if self._passwords.needs_rehash(user.password_hash):
            self._users.set_password_hash(user.id, self._passwords.hash(password))
        return self._open(user, device, decision_id)

    def _open(self, user: User, device: Device, decision_id: str) -> SignedIn:
        session_id = str(uuid.uuid4())
        refresh_token, token_id = self._tokens.mint("refresh", user.id, session_id)
        self._sessions.create(session_id, user.id, device, token_hash(token_id), self._refresh_until())
        self._users.signed_in(user.id)
        principal = Principal("session", user.id, user.username, user.full_name, user.role, session_id)
        self._audit.record("sign_in", principal, address=device.address, decision=decision_id, reason="password")
        access_token, _ = self._tokens.mint("access", user.id, session_id)
        return SignedIn(access_token, refresh_token, self._tokens.access_seconds, user, principal)

    def refresh(self, refresh_token: str, address: str, decision_id: str, active: bool = True) -> SignedIn:
        """Exchange a refresh token; a replayed one ends its session.

        Raises TokenExpired, InvalidToken or SessionEnded.
        """
        claims = self._tokens.verify("refresh", refresh_token)
        principal = self.alive(claims.session_id, active)
        replacement, token_id = self._tokens.mint("refresh", claims.user_id, claims.session_id)
        outcome = self._sessions.rotate(
            claims.session_id, token_hash(claims.token_id), token_hash(token_id), self._refresh_until(),
            self._grace_seconds,
        )  # fmt: skip
        if outcome == "replayed":
            self._audit.record("refresh_replayed", principal, address=address, decision=decision_id, reason=outcome)
            self.end(claims.session_id, REFRESH_FORGED)
            raise SessionEnded("Its refresh token was used a second time, so it was ended for safety. Sign in again.")
        access_token, _ = self._tokens.mint("access", claims.user_id, claims.session_id)
        kept = replacement if outcome == "rotated" else None
        return SignedIn(access_token, kept, self._tokens.access_seconds, None, principal)

    def sign_out(self, principal: Principal, all_devices: bool, address: str, decision_id: str) -> int:
        """End this device's session, or all of the user's; return how many ended."""
        if all_devices:
            ended = self.end_all_of(principal.user_id, "signed out everywhere")
        else:
            ended = int(self.end(principal.session_id, "signed out"))
        self._audit.record("sign_out", principal, address=address, decision=decision_id, reason=f"{ended} ended")
        return ended

    def devices(self, user_id: str | None = None) -> list[DeviceSession]:
        """The live sessions of one user, or of everybody, without those that have been idle for too long."""
        alive_since = datetime.now(UTC) - self._idle
        return [session for session in self._sessions.live(user_id) if session.last_activity_at > alive_since]

    def end_device(self, principal: Principal, session_id: str, address: str, decision_id: str) -> None:
        """End one of the principal's own sessions (an administrator: any); raises SessionNotFound for others."""
        everybody = principal.role == "admin"
        known = {session.id for session in self._sessions.live(None if everybody else principal.user_id)}
        if session_id not in known:
            raise SessionNotFound()
        self.end(session_id, f"ended by {principal.name}")
        self._audit.record(
            "session_ended", principal, address=address, decision=decision_id, reason="by its user",
            details={"session": session_id},
        )  # fmt: skip

    def end_all_of(self, user_id: str, reason: str) -> int:
        """End every session of a user at once, in every worker; return how many ended."""
        ended = self._sessions.end_all(user_id, reason)
        for session_id in ended:
            self._forget(session_id)
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

"""Signing in: by password and form, by HTTP Basic with every request, by a token of another issuer."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from control.domain.sessions import ANONYMOUS, Device, Principal
from control.domain.users import User
from control.errors import InvalidCredentials, InvalidToken, SessionEnded, TooManyDevices
from control.services.audit import Audit
from control.services.issuers import Foreign, Issuers
from control.services.limits import SignInLimits
from control.services.passwords import Passwords, check_length
from control.services.sessions import Sessions, SignedIn
from control.services.tokens import Tokens

_REMEMBERED = 50_000
_LOGGED_NAME = 50  # characters of a name that nobody may have


class SignIns:
    def __init__(
        self, users, devices, sessions: Sessions, tokens: Tokens, passwords: Passwords, limits: SignInLimits,
        audit: Audit, max_devices: int,
    ):  # fmt: skip
        self._users, self._devices, self._sessions, self._tokens = users, devices, sessions, tokens
        self._passwords, self._limits, self._audit, self._max_devices = passwords, limits, audit, max_devices

    def by_password(self, login: str, password: str, device: Device, decision_id: str) -> SignedIn:
        """Check the password and open a session.

        Raises InvalidCredentials, the same for every cause; TooManyTries; TooManyDevices, with a token to choose by.
        """
        user = self.verified(login, password, device, decision_id)
        opened = self._sessions.open(user, device, "password", limit=self._max_devices)
        if opened is None:
            choice_token, _ = self._tokens.mint("choice", user.id, device.id)
            raise TooManyDevices(self._counting(user), choice_token, self._max_devices)
        return self._signed_in(opened, device, decision_id, "password")

    def by_choice(self, choice_token: str, end: Sequence[str], device: Device, decision_id: str) -> SignedIn:
        """Open the session that TooManyDevices refused, once the devices `end` (session ids) are ended.

        Raises TokenExpired, InvalidToken, or TooManyDevices again when too few were chosen.
        """
        claims = self._tokens.verify("choice", choice_token)
        user = self._users.find(claims.user_id)
        if user is None or not user.active:
            raise InvalidToken()
        # The device is the one that gave the password, also where it keeps no cookie.
        device = replace(device, id=claims.session_id)
        opened = self._sessions.open(user, device, "password", end=end, limit=self._max_devices)
        if opened is None:
            raise TooManyDevices(self._counting(user), choice_token, self._max_devices)
        return self._signed_in(opened, device, decision_id, "password, devices chosen")

    def verified(self, login: str, password: str, device: Device, decision_id: str) -> User:
        """The active user of this name or e-mail and password; raises InvalidCredentials or TooManyTries."""
        check_length(password)
        user = self._users.find_by_login(login)
        known = device.proven and self._devices.knows_device(user and user.id, device.id)
        self._limits.enter(login, device, known)
        right = self._passwords.verify(user.password_hash if user else None, password)
        if user is None or not right or not user.active:
            self._refuse(login, user, device, decision_id)
        self._limits.succeeded(login, device, known)
        if self._passwords.needs_rehash(user.password_hash):
            self._users.set_password_hash(user.id, self._passwords.hash(password))
        return user

    def _refuse(self, login: str, user: User | None, device: Device, decision_id: str) -> None:
        """The trail knows the cause; the answer does not."""
        cause = "no_such_user" if user is None else "wrong_password" if user.active else "user_switched_off"
        who = replace(ANONYMOUS, username=login[:_LOGGED_NAME])
        self._audit.record("sign_in_refused", who, address=device.address, decision=decision_id, reason=cause)
        raise InvalidCredentials()

    def _counting(self, user: User) -> list:
        return [device for device in self._sessions.devices(user.id) if device.kind == "password"]

    def _signed_in(self, opened: SignedIn, device: Device, decision_id: str, reason: str) -> SignedIn:
        self._users.signed_in(opened.principal.user_id)
        self._audit.record(
            "sign_in", opened.principal, address=device.address, decision=decision_id, reason=reason,
            details={"device": device.name},
        )  # fmt: skip
        return opened


class BasicSignIns:
    """HTTP Basic (RFC 7617): checked once, then remembered by this worker for as long as its session lives.

    Whatever ends the session (password changed, user disabled, killed, idle) makes the next request cost a hash again.
    """

    def __init__(self, sign_ins: SignIns, sessions: Sessions, audit: Audit):
        self._sign_ins, self._sessions, self._audit = sign_ins, sessions, audit
        self._salt = secrets.token_bytes(32)
        self._remembered: dict[bytes, str] = {}  # digest of the credentials and the program -> session id

    def principal(self, login: str, password: str, device: Device, decision_id: str, active: bool) -> Principal:
        """Raises InvalidCredentials or TooManyTries."""
        device = replace(device, id=_digest_hex("basic", device.family), proven=False)
        digest = hashlib.blake2b(
            f"{login}\0{password}\0{device.id}".encode("utf-8", "replace"), key=self._salt, digest_size=32
        ).digest()
        session_id = self._remembered.get(digest)
        if session_id is not None:
            try:
                return self._sessions.alive(session_id, active)
            except SessionEnded:
                self._remembered.pop(digest, None)
        user = self._sign_ins.verified(login, password, device, decision_id)
        principal = self._sessions.join(user, device, "basic")
        self._audit.record("sign_in", principal, address=device.address, decision=decision_id, reason="basic")
        _remember(self._remembered, digest, principal.session_id)
        return principal


class ForeignSignIns:
    """Tokens of other issuers: each one is a device session of its own, so that it can be listed and ended here."""

    def __init__(self, issuers: Issuers, users, sessions: Sessions, audit: Audit):
        self._issuers, self._users, self._sessions, self._audit = issuers, users, sessions, audit
        self._remembered: dict[str, tuple[str, int]] = {}  # token -> session id, expiry
        self.cookies = issuers.cookies

    def __bool__(self) -> bool:
        return bool(self._issuers)

    def remembers(self, token: str) -> bool:
        return token in self._remembered

    def principal(self, token: str, device: Device, decision_id: str, active: bool) -> Principal:
        """Raises TokenExpired, InvalidToken or SessionEnded (somebody ended this very token's session)."""
        session_id, expires_at = self._remembered.get(token, (None, 0))
        if session_id is not None and expires_at > time.time():
            try:
                return self._sessions.alive(session_id, active)
            except SessionEnded:
                self._remembered.pop(token, None)
        return self._join(token, self._issuers.verify(token), device, decision_id)

    def _join(self, token: str, said: Foreign, device: Device, decision_id: str) -> Principal:
        user = self._users.find_by_login(said.login)
        if user is None or not user.active:
            raise InvalidToken("It names no active user of this server.")
        device = replace(device, id=_digest_hex("token", token), name=f"{said.issuer}: {device.name}"[:100])
        if self._sessions.ended_on(user.id, device.id):
            raise SessionEnded()
        principal = self._sessions.join(user, device, "external", datetime.fromtimestamp(said.expires_at, UTC))
        self._audit.record("sign_in", principal, address=device.address, decision=decision_id, reason=said.issuer)
        _remember(self._remembered, token, (principal.session_id, said.expires_at))
        return principal


def _digest_hex(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _remember(memory: dict, key, value) -> None:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value

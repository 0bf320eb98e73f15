"""Service tokens: minted once, kept as a hash, judged from memory."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from control.domain.rights import SCOPES
from control.domain.service_tokens import ServiceToken
from control.domain.sessions import Principal
from control.domain.users import User
from control.errors import BadRequest, InvalidToken, NameTaken, SessionEnded, TokenNotFound
from control.services.audit import Audit
from control.services.last_seen import LastSeen
from control.services.memory import Memory

PREFIX = "slt_"  # tells it from a JWT, and lets secret scanners find it
_BYTES = 32
_USE_SECONDS = 30  # its last use is written at most this often
LONGEST_NAME = 100
LONGEST_DAYS = 3650


class ServiceTokens:
    def __init__(self, tokens, memory: Memory[ServiceToken], audit: Audit, publish: Callable[[str, str], None]):
        self._tokens, self._memory, self._audit, self._publish = tokens, memory, audit, publish
        self._uses = LastSeen(tokens.touch, _USE_SECONDS)

    def mint(self, user: User | Principal, name: str, scopes: list[str], days: int | None, by: Principal, address: str,
             decision_id: str) -> tuple[str, str]:  # fmt: skip
        """Return (id, token) of a new token of `user`; the token is shown now and never again.

        Raises BadRequest, naming the field that cannot be used.
        """
        name = _checked(name, scopes, days)
        owner = user.id if isinstance(user, User) else user.user_id
        secret = PREFIX + secrets.token_urlsafe(_BYTES)
        expires_at = datetime.now(UTC) + timedelta(days=days) if days else None
        token_id = self._tokens.create(owner, name, sorted(set(scopes)), _hash(secret), expires_at)
        if token_id is None:
            raise NameTaken(f"A live token of yours is called {name!r}.")
        self._record("token_minted", by, token_id, name, address, decision_id)
        return token_id, secret

    def principal(self, secret: str, address: str) -> Principal:
        """Who the token stands for; raises InvalidToken or SessionEnded."""
        token = self._memory.get(_hash(secret).hex())
        if token is None:
            raise InvalidToken()
        _must_live(token)
        now = datetime.now(UTC)
        self._uses.touch(token.id, now, (now, address))
        return token.principal

    def alive(self, token_id: str) -> Principal:
        """The principal of a live token; raises SessionEnded."""
        token = self._tokens.find_by_id(token_id)
        if token is None:
            raise SessionEnded()
        _must_live(token)
        return token.principal

    def of(self, user_id: str | None = None) -> list[ServiceToken]:
        return self._tokens.live(user_id)

    def revoke(self, token_id: str, by: Principal, address: str, decision_id: str, anybody: bool = False) -> None:
        """Revoke one of the principal's own tokens (`anybody`: whosever); raises TokenNotFound for others."""
        known = {token.id: token for token in self.of(None if anybody else by.user_id)}
        if token_id not in known:
            raise TokenNotFound()
        token_hash = self._tokens.revoke(token_id)
        if token_hash:
            self._forget(token_hash)
        self._record("token_revoked", by, token_id, known[token_id].name, address, decision_id)

    def judge_again(self, user_id: str) -> None:
        """The user's rights have changed: no worker may go on with what it remembers."""
        for token_hash in self._tokens.hashes_of(user_id):
            self._forget(token_hash)

    def end_all_of(self, user_id: str) -> None:
        """Revoke every token of a user."""
        for token in self._tokens.live(user_id):
            token_hash = self._tokens.revoke(token.id)
            if token_hash:
                self._forget(token_hash)

    def write_uses(self) -> None:
        """Write the last uses behind; a failure keeps them for the next time."""
        self._uses.flush()

    def _forget(self, token_hash: str) -> None:
        self._memory.drop(token_hash)
        self._publish("token", token_hash)

    def _record(self, event: str, by: Principal, token_id: str, name: str, address: str, decision_id: str) -> None:
        self._audit.record(
            event, by, address=address, decision=decision_id, reason=name, details={"token": token_id}
        )  # fmt: skip


def _checked(name: str, scopes: list[str], days: int | None) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise BadRequest(f"A name has 1 to {LONGEST_NAME} printable characters.")
    if not scopes or not set(scopes) <= SCOPES.keys():
        raise BadRequest(f"Scopes are one or more of {', '.join(SCOPES)}.")
    if days is not None and not 1 <= days <= LONGEST_DAYS:
        raise BadRequest(f"A token lives 1 to {LONGEST_DAYS} days, or without an end.")
    return name


def _must_live(token: ServiceToken) -> None:
    if token.dead or (token.expires_at is not None and token.expires_at <= datetime.now(UTC)):
        raise SessionEnded("The service token was revoked or has expired. Mint another one.")


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()

"""Access and refresh tokens (JWT, RFC 7519): minted and verified here, by one recipe."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import jwt

from control.errors import InvalidToken, TokenExpired

ISSUER = "sluice"
ALGORITHM = "HS256"
LEEWAY_SECONDS = 30  # clock skew between hosts

# PyJWT accepts `token + "="`; exactly one spelling of a token may be valid.
CANONICAL = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_REQUIRED = ["exp", "iat", "jti", "sub", "aud", "iss", "sid"]
_REMEMBERED = 50_000
CHOICE_SECONDS = 300  # to choose which device to end

# "choice": the password was right, and which device to end is still to be chosen.
Purpose = Literal["access", "refresh", "choice"]


@dataclass(frozen=True, slots=True)
class Claims:
    user_id: str
    session_id: str
    token_id: str
    expires_at: int  # seconds since the epoch


@dataclass(frozen=True)
class SigningKeys:
    """Live secrets by key id; new tokens are signed by `current`, the others verify until they are retired."""

    current: str
    keys: dict[str, str]

    @classmethod
    def from_file(cls, path: Path) -> SigningKeys:
        """Read ``{"current": kid, "keys": {kid: hex}}``; raises ValueError, naming the file, when it is not that."""
        try:
            found = json.loads(path.read_text())
            keys = cls(found["current"], dict(found["keys"]))
            if len(bytes.fromhex(keys.keys[keys.current])) < 32:
                raise ValueError("a secret is shorter than 32 bytes")
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from None
        return keys


class Tokens:
    def __init__(self, keys: SigningKeys, access_seconds: int, refresh_seconds: int):
        self._secrets = {kid: bytes.fromhex(secret) for kid, secret in keys.keys.items()}
        self._current = keys.current
        self.access_seconds, self.refresh_seconds = access_seconds, refresh_seconds
        self._verified: dict[str, Claims] = {}

    def mint(self, purpose: Purpose, user: str, session: str, token_id: str | None = None) -> tuple[str, str]:
        """Return a new token and its id (`jti`). A "choice" names the device instead of a session."""
        now, token_id = int(time.time()), token_id or secrets.token_hex(16)
        lifetime = {"access": self.access_seconds, "refresh": self.refresh_seconds, "choice": CHOICE_SECONDS}[purpose]
        claims = {
            "iss": ISSUER, "aud": purpose, "sub": user, "sid": session, "jti": token_id, "iat": now,
            "exp": now + lifetime,
        }  # fmt: skip
        token = jwt.encode(claims, self._secrets[self._current], ALGORITHM, headers={"kid": self._current})
        return token, token_id

    def successor(self, token_id: str) -> str:
        """The id of the refresh token that takes the place of this one.

        It can be worked out again: a browser that never saw the answer (it had moved on, or lost the network) asks once
        more with the old token, and gets the same one.
        """
        return hmac.new(self._secrets[self._current], f"after {token_id}".encode(), hashlib.sha256).hexdigest()[:32]

    def verify_access(self, token: str) -> Claims:
        """Return the claims; each token's signature is verified once per process.

        Raises TokenExpired or InvalidToken.
        """
        claims = self._verified.get(token)
        if claims is None:
            claims = self.verify("access", token)
            if len(self._verified) >= _REMEMBERED:
                self._verified.clear()
            self._verified[token] = claims
        if claims.expires_at + LEEWAY_SECONDS <= time.time():
            self._verified.pop(token, None)
            raise TokenExpired()
        return claims

    def verify(self, purpose: Purpose, token: str) -> Claims:
        """Algorithm, key id, audience (the purpose), issuer and every claim are pinned."""
        if not CANONICAL.fullmatch(token):
            raise InvalidToken()
        try:
            secret = self._secrets[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token, secret, [ALGORITHM], audience=purpose, issuer=ISSUER, leeway=LEEWAY_SECONDS,
                options={"require": _REQUIRED},
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise TokenExpired() from None
        except (jwt.InvalidTokenError, KeyError, TypeError):
            raise InvalidToken() from None
        return Claims(claims["sub"], claims["sid"], claims["jti"], claims["exp"])


class FormTokens:
    """Anti-CSRF tokens for forms: HMAC-SHA256 over the device's id, which another site can neither read nor set.

    The same recipe signs other ids for another `purpose`.
    """

    def __init__(self, keys: SigningKeys, purpose: str = "form"):
        self._purpose = purpose
        self._secrets = [bytes.fromhex(keys.keys[keys.current])]
        self._secrets += [bytes.fromhex(secret) for kid, secret in keys.keys.items() if kid != keys.current]

    def mint(self, device_id: str) -> str:
        return self._token(self._secrets[0], device_id)

    def verify(self, token: str, device_id: str) -> bool:
        """By any live key."""
        return any(
            hmac.compare_digest(token.encode("utf-8", "replace"), self._token(key, device_id).encode())
            for key in self._secrets
        )

    def _token(self, secret: bytes, device_id: str) -> str:
        return hmac.new(secret, f"{self._purpose} {device_id}".encode(), hashlib.sha256).hexdigest()


def token_hash(token_id: str) -> bytes:
    """What the database keeps of a refresh token."""
    return hashlib.sha256(token_id.encode()).digest()

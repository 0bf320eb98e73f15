"""Tokens of other issuers (JWT, RFC 7519): RS256 and ES256 under keys that the settings name, and nothing else."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

import jwt

from control.errors import InvalidToken, TokenExpired
from control.services.tokens import CANONICAL, LEEWAY_SECONDS
from control.settings.sections import Issuer

_CURVE = "secp256r1"  # the one of ES256 (RFC 7518 3.4)


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a token of another issuer says once it is verified."""

    issuer: str  # its name in the settings
    login: str  # a user name or e-mail of ours
    expires_at: int  # seconds since the epoch


class Issuers:
    def __init__(self, issuers: list[Issuer]):
        """Raises ValueError, naming the issuer, for a key that cannot be used."""
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._keys = {issuer.issuer: _keys(issuer) for issuer in issuers}
        self.cookies = tuple(issuer.cookie for issuer in issuers if issuer.cookie)

    def __bool__(self) -> bool:
        return bool(self._issuers)

    def verify(self, token: str) -> Foreign:
        """Algorithm, key, issuer, audience and expiry are pinned by the settings, never by the token.

        Raises TokenExpired or InvalidToken.
        """
        if not CANONICAL.fullmatch(token):
            raise InvalidToken()
        try:
            said = jwt.decode(token, options={"verify_signature": False})
            issuer = self._issuers[said["iss"]]
            algorithm, key = self._key(issuer, jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token, key, [algorithm], audience=issuer.audience, issuer=issuer.issuer, leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", issuer.claim]},
            )  # fmt: skip
        except jwt.ExpiredSignatureError:
            raise TokenExpired() from None
        except (jwt.InvalidTokenError, KeyError, TypeError):
            raise InvalidToken() from None
        login = claims[issuer.claim]
        if not isinstance(login, str) or not login:
            raise InvalidToken()
        return Foreign(issuer.name, login, int(claims["exp"]))

    def _key(self, issuer: Issuer, kid: str | None) -> tuple[str, Any]:
        """`kid` chooses among the keys of the settings; it never names a file, an address or a query."""
        keys = self._keys[issuer.issuer]
        return next(iter(keys.values())) if len(keys) == 1 and None in keys else keys[kid]


def _keys(issuer: Issuer) -> dict[str | None, tuple[str, Any]]:
    """Key id (None: a single key without one) -> (algorithm, public key)."""
    try:
        text = issuer.key or issuer.key_file.read_text()
        if text.lstrip().startswith("{"):
            return {key.key_id: _usable(key.key) for key in jwt.PyJWKSet.from_json(text).keys}
        return {None: _usable(_pem(text))}
    except (OSError, ValueError, TypeError, jwt.PyJWTError) as error:
        raise ValueError(f"issuers.{issuer.name}: {error}") from None


def _pem(text: str) -> Any:
    """A public key from PEM, or from base64 of PEM (as one line of an environment often has it)."""
    if "-----BEGIN" not in text:
        try:
            text = base64.b64decode(text, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("the key is neither PEM nor base64 of PEM") from None
    if "PRIVATE" in text:
        raise ValueError("that is a private key; give the public one")
    for algorithm in ("RS256", "ES256"):
        try:
            return jwt.get_algorithm_by_name(algorithm).prepare_key(text)
        except (TypeError, ValueError, jwt.InvalidKeyError):
            continue
    raise ValueError("the key is neither an RSA nor an elliptic-curve public key")


def _usable(key: Any) -> tuple[str, Any]:
    """The one algorithm that this key may be used with."""
    curve = getattr(getattr(key, "curve", None), "name", None)
    if curve == _CURVE:
        return "ES256", key
    if curve is None and getattr(key, "key_size", 0) >= 2048 and hasattr(key, "public_numbers"):
        return "RS256", key
    raise ValueError("only RSA keys of 2048 bits or more and P-256 keys are accepted")

"""Two systems of somebody else: a forum that signs with RSA (its key as base64 of PEM) and a club with a JWKS."""

from __future__ import annotations

import base64
import functools
import json
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

FORUM, CLUB = "https://forum.test", "https://club.test"
COOKIE = "forum_token"


@functools.cache
def forum_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@functools.cache
def club_keys() -> dict:
    return {kid: ec.generate_private_key(ec.SECP256R1()) for kid in ("one", "two")}


def public_pem(key) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def settings() -> str:
    """Sections of sluice.toml, for a template with {data} in it."""
    jwks = jwks_text().replace("{", "{{").replace("}", "}}")
    return f"""
[[issuers]]
name = "forum"
issuer = "{FORUM}"
audience = "sluice"
key = "{base64.b64encode(public_pem(forum_key())).decode()}"
claim = "email"
cookie = "{COOKIE}"

[[issuers]]
name = "club"
issuer = "{CLUB}"
key = '{jwks}'
"""


def jwks_text() -> str:
    """The club's JWKS (RFC 7517 5)."""
    keys = [
        json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": kid, "alg": "ES256", "use": "sig"}
        for kid, key in club_keys().items()
    ]
    return json.dumps({"keys": keys})


def forum_token(email: str, key=None, algorithm: str = "RS256", headers: dict | None = None, **claims) -> str:
    """A token of the forum; a claim of None is left out."""
    said = {"iss": FORUM, "aud": "sluice", "email": email, "exp": int(time.time()) + 300, **claims}
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, key or forum_key(), algorithm, headers=headers)


def club_token(username: str, kid: str = "one", key=None, **claims) -> str:
    said = {"iss": CLUB, "sub": username, "exp": int(time.time()) + 300, **claims}
    return jwt.encode(said, key or club_keys()[kid], "ES256", headers={"kid": kid})

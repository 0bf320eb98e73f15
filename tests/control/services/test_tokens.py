"""Access and refresh tokens: one spelling, one purpose, pinned algorithm, known key (threats T01, T02, T03)."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest

from control.errors import InvalidToken, TokenExpired
from control.services.tokens import SigningKeys, Tokens

SECRET, OLD = "11" * 32, "22" * 32


@pytest.fixture
def tokens():
    return Tokens(SigningKeys("k2", {"k1": OLD, "k2": SECRET}), 900, 604800)


def forge(claims=None, secret=SECRET, algorithm="HS256", **header):
    now = int(time.time())
    full = {"iss": "sluice", "aud": "access", "sub": "u", "sid": "s", "jti": "j", "iat": now, "exp": now + 60}
    return jwt.encode({**full, **(claims or {})}, bytes.fromhex(secret), algorithm, headers={"kid": "k2", **header})


def test_a_minted_token_verifies(tokens):
    token, token_id = tokens.mint("access", "user", "session")
    claims = tokens.verify_access(token)
    assert (claims.user_id, claims.session_id, claims.token_id) == ("user", "session", token_id)


def test_the_older_live_key_still_verifies(tokens):
    assert tokens.verify("access", forge(secret=OLD, kid="k1")).user_id == "u"


def unsigned(algorithm):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    now = int(time.time())
    claims = {"iss": "sluice", "aud": "access", "sub": "u", "sid": "s", "jti": "j", "iat": now, "exp": now + 60}
    return part({"alg": algorithm, "kid": "k2", "typ": "JWT"}) + "." + part(claims) + "."


@pytest.mark.parametrize("forged", [unsigned("none"), unsigned("None"), unsigned("HS256"), unsigned("RS256")])
def test_T01_no_algorithm_but_ours_is_accepted(tokens, forged):
    for token in (forged, forged + "AA"):
        with pytest.raises(InvalidToken):
            tokens.verify_access(token)


def test_T01_another_hmac_algorithm_is_refused(tokens):
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        forged = forge(algorithm="HS512")
    with pytest.raises(InvalidToken):
        tokens.verify_access(forged)


@pytest.mark.parametrize(
    "header",
    [{"kid": "../../keys/tokens.json"}, {"kid": "k3"}, {"kid": "' OR 1=1 --"}, {"kid": "https://e/x"}, {"kid": ""},
     {"crit": ["exp"]}, {"crit": ["nonsense"], "nonsense": 1}],
)  # fmt: skip
def test_T02_an_unknown_kid_or_crit_is_refused(tokens, header):
    with pytest.raises(InvalidToken):
        tokens.verify_access(forge(**header))


def test_T02_key_hints_in_the_header_are_not_followed(tokens):
    hints = {"jku": "https://e/x", "x5u": "https://e/x", "jwk": {"kty": "oct", "k": "AAAA"}}
    with pytest.raises(InvalidToken):
        tokens.verify_access(forge(secret="33" * 32, **hints))


@pytest.mark.parametrize(
    "claims",
    [{"aud": "refresh"}, {"aud": "share"}, {"aud": None}, {"iss": "other"}, {"exp": "never"}, {"nbf": 9_999_999_999},
     {"iat": 9_999_999_999}, {"sid": None}],
)  # fmt: skip
def test_T03_a_token_of_another_purpose_or_shape_is_refused(tokens, claims):
    with pytest.raises(InvalidToken):
        tokens.verify_access(forge(claims))


@pytest.mark.parametrize("missing", ["exp", "iat", "jti", "sub", "aud", "iss", "sid"])
def test_T03_every_claim_is_required(tokens, missing):
    now = int(time.time())
    claims = {"iss": "sluice", "aud": "access", "sub": "u", "sid": "s", "jti": "j", "iat": now, "exp": now + 60}
    del claims[missing]
    with pytest.raises(InvalidToken):
        tokens.verify_access(jwt.encode(claims, bytes.fromhex(SECRET), "HS256", headers={"kid": "k2"}))


@pytest.mark.parametrize("change", [lambda t: t + "=", lambda t: t + "\n", lambda t: " " + t, lambda t: t + "."])
def test_a_token_has_one_spelling(tokens, change):
    token, _ = tokens.mint("access", "u", "s")
    with pytest.raises(InvalidToken):
        tokens.verify_access(change(token))


def test_an_expired_token_says_so_after_the_leeway(tokens):
    now = int(time.time())
    assert tokens.verify_access(forge({"exp": now - 20}))
    with pytest.raises(TokenExpired):
        tokens.verify_access(forge({"exp": now - 31}))


def test_a_remembered_token_expires_too(tokens, monkeypatch):
    token, _ = tokens.mint("access", "u", "s")
    tokens.verify_access(token)
    later = time.time() + 900 + 31
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(TokenExpired):
        tokens.verify_access(token)


@pytest.mark.parametrize("text", ["", "{}", '{"current": "k1", "keys": {}}', '{"current": "k1", "keys": {"k1": "ab"}}'])
def test_damaged_signing_keys_are_refused_by_name(tmp_path, text):
    path = tmp_path / "tokens.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"tokens\.json"):
        SigningKeys.from_file(path)

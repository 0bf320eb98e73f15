"""Password rules and hashes."""

from __future__ import annotations

import pytest
from argon2.exceptions import VerifyMismatchError

from control.errors import BadRequest
from control.services.passwords import Passwords
from control.settings.sections import Password


@pytest.fixture(scope="module")
def passwords():
    return Passwords(Password(), lambda function, *arguments: function(*arguments))


def test_a_hash_is_argon2id_and_verifies(passwords):
    stored = passwords.hash("Secret-word-1")
    assert stored.startswith("$argon2id$") and passwords.verify(stored, "Secret-word-1")
    assert not passwords.verify(stored, "secret-word-1")


def test_nobody_has_no_password(passwords):
    assert passwords.verify(None, "nobody has this password") is False


@pytest.mark.parametrize("memory", [64, 19])
def test_L01_an_unknown_user_costs_the_same_hash_as_others(memory):
    passwords = Passwords(Password(memory_mib=memory), lambda function, *arguments: function(*arguments))
    assert f"m={memory * 1024}," in passwords.hash("Secret-word-1")
    assert not passwords.needs_rehash(passwords._nobody)
    with pytest.raises(VerifyMismatchError):  # the hash was worked out, and is another one
        passwords._hasher.verify(passwords._nobody, "a word")


def test_L05_a_huge_password_is_refused_before_it_costs_a_hash():
    hashed = []
    passwords = Passwords(Password(), lambda function, *arguments: hashed.append(arguments))
    with pytest.raises(BadRequest):
        passwords.verify(None, "x" * 1_000_000)
    assert not hashed


@pytest.mark.parametrize(
    ("password", "missing"),
    [("Sh-1", "8 characters"), ("lower-case-1", "capital"), ("UPPER-CASE-1", "small"), ("No-digits!", "digit"),
     ("NoSpecial1", "special")],
)  # fmt: skip
def test_a_weak_password_is_told_what_it_lacks(passwords, password, missing):
    with pytest.raises(BadRequest) as refused:
        passwords.check_rules(password)
    assert missing in refused.value.details


def test_a_good_password_passes(passwords):
    passwords.check_rules("Good-pass-1")

"""Passwords: Argon2id (RFC 9106), always away from the event loop. Hashes by bcrypt are verified, and replaced."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable

import argon2
import bcrypt

from control.errors import BadRequest
from control.settings.sections import Password

LONGEST = 1024  # bytes; longer input is refused before it costs a hash
_BCRYPT = ("$2a$", "$2b$", "$2y$")
_BCRYPT_BYTES = 72  # bcrypt has never looked at more
# A hash of the same parameters: unknown users, and those without a password, cost the same time as others.
_NOBODY = "$argon2id$v=19$m={},t=3,p=4$40L/xkFQsjh997AhtuWpNg$FqbHHfJp9mN42XjWUbQSc4Qxi11d7pzv0QCq/8eBqVE"
_SPECIAL = set("!@#$%^&*()-_=+[]{};:'\",.<>/?\\|`~ ")

# One of each kind satisfies every rule of [password]; 20 characters of the rest are 117 bits.
_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")
_LENGTH = 20


class Passwords:
    """`offload(function, *args)` runs a hash in a thread: six of them inline stall every other greenlet for 540 ms."""

    def __init__(self, rules: Password, offload: Callable):
        self._rules, self._offload = rules, offload
        kib = rules.memory_mib * 1024  # RFC 9106 4: with 64 MiB t=3, p=4, which are the library's defaults
        self._hasher, self._nobody = argon2.PasswordHasher(memory_cost=kib), _NOBODY.format(kib)

    def hash(self, password: str) -> str:
        return self._offload(self._hasher.hash, password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one that `stored` was made of; none stored takes as long and is False."""
        check_length(password)
        return self._offload(self._matches, stored or self._nobody, password) and bool(stored)

    def _matches(self, stored: str, password: str) -> bool:
        if stored.startswith(_BCRYPT):
            return bcrypt.checkpw(password.encode("utf-8", "surrogatepass")[:_BCRYPT_BYTES], stored.encode())
        try:
            return self._hasher.verify(stored, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def needs_rehash(self, stored: str) -> bool:
        return stored.startswith(_BCRYPT) or self._hasher.check_needs_rehash(stored)

    def check_hash(self, stored: str) -> None:
        """Raises BadRequest for what is no Argon2 or bcrypt hash."""
        try:
            if stored.startswith(_BCRYPT):
                bcrypt.checkpw(b"", stored.encode())
            else:
                argon2.extract_parameters(stored)
        except (ValueError, argon2.exceptions.InvalidHashError):
            raise BadRequest("The hash is neither one of Argon2 ($argon2id$…) nor one of bcrypt ($2b$…).") from None

    def rules(self) -> list[str]:
        """What a password must have, in words."""
        return [says for says, _ in self._checks()]

    def check_rules(self, password: str) -> None:
        """Raises BadRequest, naming every rule that the password breaks."""
        check_length(password)
        broken = [says for says, holds in self._checks() if not holds(password)]
        if broken:
            raise BadRequest("The password needs " + ", ".join(broken) + ".")

    def _checks(self) -> list[tuple[str, Callable[[str], bool]]]:
        rules = self._rules
        every = [
            (True, f"at least {rules.min_length} characters", lambda password: len(password) >= rules.min_length),
            (rules.require_uppercase, "a capital letter", lambda password: any(c.isupper() for c in password)),
            (rules.require_lowercase, "a small letter", lambda password: any(c.islower() for c in password)),
            (rules.require_numbers, "a digit", lambda password: any(c.isdigit() for c in password)),
            (rules.require_special, "a special character", lambda password: bool(_SPECIAL & set(password))),
        ]
        return [(says, holds) for wanted, says, holds in every if wanted]


def check_length(password: str) -> None:
    if len(password.encode("utf-8", "surrogatepass")) > LONGEST:
        raise BadRequest(f"A password has at most {LONGEST} bytes.")


def new_password() -> str:
    """Twenty characters that satisfy every rule of [password]."""
    every = "".join(_KINDS)
    characters = [secrets.choice(kind) for kind in _KINDS]
    characters += [secrets.choice(every) for _ in range(_LENGTH - len(_KINDS))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)

"""Passwords: Argon2id (RFC 9106), always away from the event loop."""

from __future__ import annotations

from collections.abc import Callable

import argon2

from control.errors import BadRequest
from control.settings import Password

LONGEST = 1024  # bytes; longer input is refused before it costs a hash
_SPECIAL = set("!@#$%^&*()-_=+[]{};:'\",.<>/?\\|`~ ")


class Passwords:
    """`offload(function, *args)` runs a hash in a thread: six of them inline stall every other greenlet for 540 ms."""

    def __init__(self, rules: Password, offload: Callable):
        self._rules, self._offload = rules, offload
        # RFC 9106 4: 64 MiB, t=3, p=4 are the library's defaults.
        self._hasher = argon2.PasswordHasher()
        # Unknown users cost the same time as known ones.
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        return self._offload(self._hasher.hash, password)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one that `stored` was made of; None (no such user) takes as long and is False."""
        if len(password.encode("utf-8", "surrogatepass")) > LONGEST:
            raise BadRequest(f"A password has at most {LONGEST} bytes.")
        return self._offload(self._matches, stored or self._nobody, password) and stored is not None

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def needs_rehash(self, stored: str) -> bool:
        return self._hasher.check_needs_rehash(stored)

    def check_rules(self, password: str) -> None:
        """Raises BadRequest, naming every rule that the password breaks."""
        rules, broken = self._rules, []
        if len(password) < rules.min_length:
            broken.append(f"at least {rules.min_length} characters")
        if rules.require_uppercase and not any(c.isupper() for c in password):
            broken.append("a capital letter")
        if rules.require_lowercase and not any(c.islower() for c in password):
            broken.append("a small letter")
        if rules.require_numbers and not any(c.isdigit() for c in password):
            broken.append("a digit")
        if rules.require_special and not _SPECIAL & set(password):
            broken.append("a special character")
        if broken:
            raise BadRequest("The password needs " + ", ".join(broken) + ".")

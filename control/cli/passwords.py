"""The passwords that commands make."""

from __future__ import annotations

import secrets
import string

# One of each kind satisfies every rule of [password]; 20 characters of the rest are 117 bits.
_KINDS = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!")
_LENGTH = 20


def new_password() -> str:
    """Twenty characters that satisfy every rule of [password]."""
    every = "".join(_KINDS)
    characters = [secrets.choice(kind) for kind in _KINDS]
    characters += [secrets.choice(every) for _ in range(_LENGTH - len(_KINDS))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)

"""What this process counts for /metrics: plain numbers on the way, written down for the others every half second.

The gate is asked ten thousand times a second, so it pays for an addition and nothing more.
"""

from __future__ import annotations

from collections import defaultdict

from control.errors import table
from control.services.decisions import REASONS

ALLOWED, REFUSED = "allowed", "refused"
GATE, ROUTE = "gate", "route"  # where it was decided
TIMED = 16  # every so manieth answer of the gate is timed

# Labels are of closed sets, because everything that a client sends may be made up.
CODES = frozenset(error.code for error in table())
_YES = frozenset({"owner", "admin", "public", "library", "role", "share", "upload"})
_KNOWN = _YES | REASONS.keys() | CODES
OTHER = "other"

SIGN_INS = ("signed_in", "wrong_password", "no_such_user", "user_switched_off")


class Counts:
    """`decisions[place, outcome, reason]`, `errors[code]`, `sign_ins[outcome]`; `gate_seconds`: some of its answers."""

    def __init__(self) -> None:
        self.decisions: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        self.errors: defaultdict[str, int] = defaultdict(int)
        self.sign_ins: defaultdict[str, int] = defaultdict(int)
        self.gate_seconds: list[float] = []

    def heard(self, event: str, reason: str) -> None:
        """The audit trail was told of something."""
        if event == "sign_in":
            self.sign_ins["signed_in"] += 1
        elif event == "sign_in_refused":
            self.sign_ins[reason] += 1

    def refused(self, code: str, reason: str) -> None:
        """A route has answered with an error; one with a reason is a decision."""
        self.errors[code] += 1
        if reason:
            self.decisions[ROUTE, REFUSED, reason] += 1

    def clear(self) -> None:
        """All of it is written down."""
        for counted in (self.decisions, self.errors, self.sign_ins, self.gate_seconds):
            counted.clear()


def label(reason: str) -> str:
    """A reason, as a label may have it."""
    return reason if reason in _KNOWN else OTHER

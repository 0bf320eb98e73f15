"""Decisions: the answer of the one function that says yes or no."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is a fixed word (see services/decisions.py); `error` is the code a refusal answers with."""

    allowed: bool
    reason: str
    id: str
    error: str | None = None

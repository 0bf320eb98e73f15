"""Why something was decided: a decision id becomes a sentence with rule, principal, media, network, key and clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from control.errors import table
from control.services.decisions import REASONS
from control.services.library import Library
from control.services.link_keys import LinkKeys
from nginx import contract

_ERRORS = {error.code: error for error in table()}
_SIGNED = re.compile(
    rf"^(?:{contract.HLS.path}|{contract.DOWNLOAD.path})(?P<kid>{contract.KEY_ID})(?P<bound>/{contract.BOUND})?/-/(?P<expires>{contract.EXPIRES})(?:/|$)"
)

# What Nginx decides by itself, by status, where control was never asked.
_ALONE = {
    400: "Nginx could not parse the request, or its path holds a control character.",
    403: "Nginx refused it: the address is outside the allowed networks, or the signature of the link is wrong.",
    404: "Nginx knows no such address, or the file is not there.",
    410: "The signature is right, but the link has expired.",
    429: "Too many sign-ins from this address in a minute.",
    503: "Control did not answer.",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    decision: str
    outcome: Literal["allowed", "refused", "unknown"]
    sentence: str
    facts: list[tuple[str, str]] = field(default_factory=list)


class Explain:
    """`entries(decision)` answers the trail's, `requests(decision)` Nginx's log entries of it."""

    def __init__(self, entries: Callable, requests: Callable, library: Library, link_keys: LinkKeys):
        self._entries, self._requests, self._library, self._link_keys = entries, requests, library, link_keys

    def __call__(self, decision: str) -> Explanation:
        trail, requests = self._entries(decision), self._requests(decision)
        if not trail and not requests:
            return Explanation(decision, "unknown", "Neither the audit trail nor Nginx's log knows this decision.")
        request = requests[-1] if requests else None
        reason = self._reason(trail, request)
        facts = self._trail_facts(trail) + (self._request_facts(request) if request else [])
        return Explanation(decision, self._outcome(trail, request), self._sentence(reason, request), _once(facts))

    def _outcome(self, trail: list, request: dict | None) -> Literal["allowed", "refused"]:
        if request:
            return "allowed" if int(request["status"]) < 400 else "refused"
        return "refused" if any(entry.event.endswith("refused") for entry in trail) else "allowed"

    def _reason(self, trail: list, request: dict | None) -> str:
        refusals = [entry.reason for entry in trail if entry.event.endswith("refused")]
        rule = _verdict(request)[1] if request else ""
        return next(filter(None, [*refusals, rule, *(entry.reason for entry in trail)]), "")

    def _sentence(self, reason: str, request: dict | None) -> str:
        if reason in REASONS:
            return REASONS[reason]
        if reason in _ERRORS:
            return f"{_ERRORS[reason]().message} {_ERRORS[reason].advice}"
        if request and int(request["status"]) >= 400 and not request["control"]:
            return self._signature(request) or _ALONE.get(int(request["status"]), "Nginx refused it.")
        return f"It was decided by the rule {reason!r}." if reason else "Nginx answered it without a decision."

    def _signature(self, request: dict) -> str | None:
        """What was wrong with a signed address, as far as its open parts tell."""
        signed = _SIGNED.match(request["uri"])
        if not signed or int(request["status"]) not in (403, 410):
            return None
        if signed["kid"] not in self._link_keys.keys:
            return f"It was signed with the key {signed['kid']!r}, which is not one of the live keys (any more)."
        late = (datetime.fromisoformat(request["time"]) - _moment(signed["expires"])).total_seconds()
        if int(request["status"]) == 410:
            return f"The signature is right, but the link had expired {max(0, late):.0f} s before."
        if signed["bound"]:
            return "The link is bound to another network than the one it was asked for from, or it was changed."
        return "The signature does not fit this address: it was changed, or made for another one."

    def _trail_facts(self, trail: list) -> list[tuple[str, str]]:
        facts = []
        for entry in trail:
            facts += [("event", entry.event), ("rule", entry.reason), ("principal", entry.principal)]
            facts += [("network", entry.address), ("clock", entry.at.isoformat(timespec="milliseconds"))]
            facts += [("media", self._media(entry.media_id))] if entry.media_id else []
            facts += [(name, str(value)) for name, value in entry.details.items()]
        return facts

    def _request_facts(self, request: dict) -> list[tuple[str, str]]:
        principal, rule = _verdict(request)
        facts = [
            ("request", f"{request['method']} {request['uri']}"), ("status", str(request["status"])),
            ("rule", rule), ("principal", principal), ("network", request["client"]),
            ("clock", request["time"]), ("media", self._media(request["media"] or request["target"])),
            ("grant", request["grant"]), ("program", request["agent"]),
        ]  # fmt: skip
        if signed := _SIGNED.match(request["uri"]):
            live = "live" if signed["kid"] in self._link_keys.keys else "not live"
            facts += [("key id", f"{signed['kid']} ({live})"), ("expires", _moment(signed["expires"]).isoformat())]
        return facts

    def _media(self, text: str | None) -> str:
        if not text or not re.fullmatch(contract.UUID, text):
            return text or ""
        media = self._library.find(text)
        return f"{media.name} ({text}), {media.visibility}" if media else f"{text} (gone)"


def _verdict(request: dict) -> tuple[str, str]:
    """(principal, rule) of a log entry: see nginx.contract.VERDICT."""
    principal, _, rest = request.get("verdict", "").partition(" ")
    return principal, rest.split(" ")[0]


def _moment(expires: str) -> datetime:
    return datetime.fromtimestamp(int(expires), UTC)


def _once(facts: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without empty ones and repetitions."""
    return list(dict.fromkeys((label, value) for label, value in facts if value))

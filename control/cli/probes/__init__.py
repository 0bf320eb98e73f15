"""What `sluice edge verify` asks Nginx; a module is one way in.

A probe is a request with the answer that it must get. A request is written down byte for byte as it is sent, so that
whoever reads a finding can send it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

GIVEN = frozenset({200, 206})
REFUSED = frozenset({400, 401, 403, 404, 405, 409, 410, 411, 413, 416})
ABSENT = frozenset({400, 404})  # as if it were not there, whoever asks
SIGN_IN = "/login"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Request:
    """`target` goes into the request line exactly as it is."""

    target: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    host: str = "localhost"
    body: bytes = b""
    endless: bool = False  # the answer has no end: its head is enough

    def bytes(self) -> bytes:
        length = (("Content-Length", str(len(self.body))),) if self.method in ("POST", "PATCH") else ()
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in (*self.headers, *length)]
        return "\r\n".join([*lines, "", ""]).encode() + self.body

    def bearing(self, token: str) -> Request:
        return replace(self, headers=(*self.headers, ("Authorization", f"Bearer {token}"))) if token else self


@dataclass(frozen=True, slots=True)
class Probe:
    """`of` is the class of objects, `who` the credentials; `right` are the statuses that are the right answer.

    `holds` must be in the body: a rightful request that brings nothing would make all the refusals worthless.
    """

    of: str
    who: str
    request: Request
    right: frozenset[int] = REFUSED
    holds: bytes = b""
    to_sign_in: bool = False  # a redirect to the sign-in page is a refusal too


@dataclass(frozen=True, slots=True)
class Hole:
    """A wrong answer: a yes that must be a no (`wrong` is "yes"), or a no where there must be a yes ("no")."""

    of: str
    who: str
    wrong: str
    says: str
    request: str


def judge(probe: Probe, answer: Answer, secrets: tuple[bytes, ...]) -> Hole | None:
    """None for the right answer. No refusal may hold any of the `secrets`, whatever its status."""
    rightful = bool(probe.right & GIVEN)
    leaked = not rightful and any(secret in answer.body for secret in secrets)
    fits = answer.status in probe.right or (probe.to_sign_in and _to_sign_in(answer))
    if fits and not leaked and probe.holds in answer.body:
        return None
    says = f"answered {answer.status}" + (", with what is protected in it" if leaked else "")
    if fits and rightful:
        says += ", without what was asked for"
    request = probe.request.bytes().decode(errors="replace").strip()
    return Hole(probe.of, probe.who, "no" if rightful else "yes", says, request)


def _to_sign_in(answer: Answer) -> bool:
    return answer.status in (302, 303) and answer.headers.get("location", "").split("?")[0] == SIGN_IN

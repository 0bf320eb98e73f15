"""Lines of Nginx's log -> the deliveries that they tell of. See nginx/templates/snippets/log-format.conf.j2."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

from control.domain.receipts import Aside, Batch, Delivery, Receipt
from nginx import contract
from processor.log_asides import note

LONGEST_AGENT = 300  # characters

_BAD = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
_DELIVERED = frozenset({200, 206})
_MOST = 1 << 62  # bytes, of a file or of an answer

_REQUEST = re.compile("[0-9a-f]{32}")
_GRANT = re.compile(contract.GRANT)
_UUID = re.compile(contract.UUID)
_CONTENT_RANGE = re.compile("bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_TICKET = re.compile(rf"({contract.TICKET_NAME})(?:/({contract.UUID}))?")
_FILE = re.compile(rf"(?:({contract.RUNG})/)?(?:seg_([0-9]{{5}})\..*|.*)")
_KEY = re.compile(f".*/{contract.HLS_KEY}".replace("?<", "?P<"))
_NAMED = re.compile(rf".*/({contract.UUID})(?:/[^/]*)?")  # what the server named itself, it named after the media

# The beginning of an address -> what comes from there: always, or where it was handed over or counts for a ticket.
_ALWAYS = {
    contract.HLS.path: "key",
    **{f"{contract.STILLS.path}{kind}/": "still" for kind in contract.STILL_KINDS},
    "/v1/files/batch-download/": "zip",
}
_HANDED_OVER = {
    contract.DOWNLOAD.path: "link",
    contract.STREAM.path: "stream",
    "/get/": "get",
    "/s/": "share",
    "/api/shares/": "share",
}

_VAULT, _ORIGINALS, _STORED, _MOUNTS, _LINKED = (
    one.path.removeprefix(contract.INTERNAL)
    for one in (contract.VAULT, contract.ORIGINALS, contract.STORED, contract.MOUNTS, contract.LINKED)
)
_OWN_ROOTS = (contract.ORIGINALS_ROOT, contract.UPLOADS_ROOT)


def deliveries(chunk: bytes, oldest: datetime, newest: datetime) -> Batch:
    """What whole lines tell of the time from `oldest` to `newest`; lines without sense are counted, and left out."""
    found, bad, lines, aside = [], 0, chunk.split(b"\n"), Aside()
    if not lines[-1]:
        lines.pop()
    for line in lines:
        try:
            entry = json.loads(line.decode("utf-8", "surrogateescape"))
            delivery = _delivery(entry)
            if delivery is None or delivery.receipt.status >= 400:
                note(aside, entry, len(found), oldest, newest)
            if delivery and delivery.receipt.at > newest:
                raise ValueError("it comes from the future")
        except _BAD:
            bad += 1
            continue
        if delivery and delivery.receipt.at >= oldest:
            found.append(delivery)
    return Batch(found, len(lines), bad, aside)


def _delivery(entry: dict[str, Any]) -> Delivery | None:
    """None where no byte of a media was asked for, or none was sent and no ticket waits to hear that it has ended."""
    status = int(entry["status"])
    if not _brings_bytes(entry, status) and not entry.get("ticket"):
        return None
    if file := entry["file"]:
        kind = "segment" if "/seg_" in file else "playlist"
        return Delivery(_receipt(entry, status, kind, entry["media"], *_FILE.fullmatch(file).groups()))
    place, ticket = entry.get("place", ""), entry.get("ticket", "")
    kind = _kind(entry["uri"], place, ticket)
    if kind is None:
        return None
    if kind == "key":
        return Delivery(_receipt(entry, status, kind, entry["media"], *_KEY.fullmatch(entry["uri"]).groups()))
    media, mounted = _whose(place)
    item = _TICKET.fullmatch(ticket)[2] if ticket else None
    media = entry["target"] if kind == "still" else media
    return Delivery(_receipt(entry, status, kind, media), mounted, item)


def _brings_bytes(entry: dict[str, Any], status: int) -> bool:
    return status in _DELIVERED and entry["method"] == "GET"


def _kind(uri: str, place: str, ticket: str) -> str | None:
    for beginning, kind in _ALWAYS.items():
        if uri.startswith(beginning):
            return kind
    if not place and not ticket:
        return None
    for beginning, kind in _HANDED_OVER.items():
        if uri.startswith(beginning):
            return kind
    if ticket:
        return "share"
    return "picture" if place.startswith(_VAULT) else "original"


def _whose(place: str) -> tuple[str | None, tuple[str, str] | None]:
    """(media id, None), or (None, (mount, path)) of what has to be looked up, or neither."""
    for location in (_MOUNTS, _LINKED):
        if place.startswith(location):
            root, _, path = place[len(location) :].partition("/")
            if location == _MOUNTS or root not in _OWN_ROOTS:
                return None, (root, path)
    named = place.startswith((_VAULT, _ORIGINALS, _STORED, _LINKED)) and _NAMED.fullmatch(place)
    return (named[1] if named else None), None


def _receipt(
    entry: dict[str, Any], status: int, kind: str, media: str | None, rung: str | None = None, number: str | None = None
) -> Receipt:
    left = _checked(int(entry["bytes"]))
    start, end, size = _range(entry, status, left)
    at, seconds = datetime.fromisoformat(entry["time"]), float(entry["seconds"])
    if not 0 <= seconds < 1e9:
        raise ValueError("no such time")
    return Receipt(
        at, _REQUEST.fullmatch(entry["request"])[0], _user(entry.get("verdict", "")),
        _GRANT.fullmatch(entry["grant"])[0] if entry["grant"] else None,
        _TICKET.fullmatch(ticket)[1] if (ticket := entry.get("ticket")) else None,
        _UUID.fullmatch(media)[0] if media else None, kind, rung, int(number) if number else None,
        start, end, size, left, status, entry["complete"] == "OK", seconds,
        _address(entry["client"]), _agent(entry["agent"]),
    )  # fmt: skip


def _range(entry: dict[str, Any], status: int, left: int) -> tuple[int, int, int | None]:
    """[start, end) of the file's bytes that have left, and its size.

    "Complete" is not asked: so many bytes have left, whether or not they are all that was asked for.
    """
    if not _brings_bytes(entry, status):
        return 0, 0, None
    if status == 206:
        start, last, size = map(int, _CONTENT_RANGE.fullmatch(entry["sent"]).groups())
        return start, min(start + left, last + 1), size
    size = _checked(int(entry["size"])) if entry["size"] else None
    return 0, left if size is None else min(left, size), size


def _checked(number: int) -> int:
    if not 0 <= number < _MOST:
        raise ValueError("no such number of bytes")
    return number


@lru_cache(10_000)
def _user(verdict: str) -> str | None:
    found = _UUID.match(verdict)
    return found and found[0]


@lru_cache(10_000)
def _address(text: str) -> str | None:
    if text.startswith("unix:"):
        return None
    return str(ip_address(text.partition("%")[0]))


@lru_cache(10_000)
def _agent(text: str) -> str:
    """As a database can keep it: without NUL, and with what is no UTF-8 replaced."""
    return text[:LONGEST_AGENT].encode("utf-8", "replace").decode().replace("\0", "")

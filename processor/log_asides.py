"""Lines of Nginx's log that are no deliveries: errors, uploads, sign-ins, and players that tell where they are."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from control.domain.receipts import Aside, Beat
from nginx import contract

_GONE_AWAY = 499  # the client left: nobody's error
_PROBES = frozenset({"/healthz", "/readyz"})  # 503 is their way to say "not yet"

# The beginning of an address -> its area (control.domain.insight.AREAS), the first that fits.
_AREAS = {
    contract.HLS.path: "key",
    **{f"{contract.STILLS.path}{kind}/": "still" for kind in contract.STILL_KINDS},
    contract.BATCH.path: "zip",
    contract.DOWNLOAD.path: "link",
    contract.STREAM.path: "stream",
    contract.GET.path: "get",
    contract.SHARES.path: "share",
    contract.TUS.path: "upload",
    "/v1/files/": "upload",
    "/login": "session",
    "/logout": "session",
    "/api/auth/": "session",
    "/api/sessions": "session",
    "/api/media/stream/": "picture",
    "/api/": "api",
}
_ORIGINAL = re.compile(rf"/api/media/{contract.UUID}/original")
_POSITION = re.compile(rf"/api/media/({contract.UUID})/position")
_USER = re.compile(contract.UUID)
_BODY = re.compile(rf"{contract.PART.path}|{contract.TUS.path}.*|{contract.SHARES.path}-/upload")
_SIGN_IN = re.compile("/login|/api/auth/(?:login|refresh)")
_WRITES = frozenset({"POST", "PUT", "PATCH"})


def note(aside: Aside, entry: dict[str, Any], after: int, oldest: datetime, newest: datetime) -> None:
    """Add up what a line tells of the time from `oldest` to `newest`; `after`: so many deliveries came before it."""
    status, method, path = int(entry["status"]), entry["method"], entry["uri"].partition("?")[0]
    if status < 400 and method not in _WRITES:
        return
    at = datetime.fromisoformat(entry["time"])
    if not oldest <= at <= newest:
        return
    hour = int(at.timestamp()) // 3600
    if status >= 400:
        if status != _GONE_AWAY and path not in _PROBES:
            aside.errors[hour, area(entry, path), status] += 1
    elif found := _POSITION.fullmatch(path):
        if user := _USER.match(entry.get("verdict", "")):
            aside.beats.append(Beat(at, user[0], found[1], after))
    elif kind := "upload" if _BODY.fullmatch(path) else "session" if _SIGN_IN.fullmatch(path) else None:
        aside.arrived[hour, kind] += 1
        aside.arrived_bytes[hour, kind] += int(entry.get("received", 0))


def area(entry: dict[str, Any], path: str) -> str:
    if file := entry["file"]:
        return "segment" if "/seg_" in file else "playlist"
    if _ORIGINAL.fullmatch(path):
        return "original"
    return next((name for beginning, name in _AREAS.items() if path.startswith(beginning)), "page")

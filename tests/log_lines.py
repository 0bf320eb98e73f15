"""Lines as Nginx writes them, of deliveries that never took place."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

MEDIA = str(uuid.UUID(int=0xFEED))


def segment(request: str, **fields) -> bytes:
    """In the format `segment`."""
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"), "request": request, "client": "127.0.0.1",
        "method": "GET", "uri": "/hls/k1/-/1790000000", "protocol": "HTTP/2.0", "status": 200, "bytes": 1000, "sent": "",
        "size": "1000", "complete": "OK", "seconds": 0.012, "grant": "0" * 32, "media": MEDIA,
        "file": "720p/seg_00007.ts", "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    }  # fmt: skip
    return line(entry | fields)


def delivery(request: str, **fields) -> bytes:
    """In the format `delivery`: the whole of a kept original, to somebody who had signed in."""
    entry = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"), "request": request, "client": "127.0.0.1",
        "method": "GET", "uri": f"/api/media/{MEDIA}/original", "protocol": "HTTP/1.1", "status": 200, "bytes": 1000,
        "sent": "", "size": "1000", "range": "", "complete": "OK", "seconds": 0.5, "grant": "", "media": "", "file": "",
        "place": f"originals/{MEDIA}/original", "target": "", "verdict": "", "ticket": "", "control": "200",
        "agent": "curl/8.0",
    }  # fmt: skip
    return line(entry | fields)


def line(entry: object) -> bytes:
    return json.dumps(entry, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n"

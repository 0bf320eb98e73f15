"""THE owner of X-Accel-Redirect: control names an internal URL, Nginx sends the bytes (ranges, 304, HEAD and all).

Nginx keeps these headers of our answer across the redirect: Content-Type, Content-Disposition, Accept-Ranges,
Set-Cookie, Cache-Control, Expires. Caching is the internal location's business; anything else is passed on by it
through the contract.
"""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

import falcon

from control.domain.media import Media
from nginx import contract

# Shown in place; everything else is a download, so that no uploaded file ever runs script in our origin.
_INLINE = ("video/", "audio/", "image/jpeg", "image/png", "image/webp", "image/gif", "image/avif")


ACCEL_HEADER = "X-Accel-Redirect"


def hand_over(resp: falcon.Response, internal_url: str, content_type: str) -> None:
    """Let Nginx answer with what lies at `internal_url` (built by nginx.contract from a record, never by a client)."""
    resp.set_header(ACCEL_HEADER, internal_url)
    resp.content_type = content_type


def hand_over_original(resp: falcon.Response, media: Media, attachment: bool = False) -> None:
    """Deliver the plain original of a mounted, uploaded or kept media."""
    hand_over(resp, _internal_url(media), media.mime or "application/octet-stream")
    inline = media.mime.startswith(_INLINE) and not attachment
    resp.set_header("Content-Disposition", content_disposition(media.name, inline))


def count_delivery(resp: falcon.Response, ticket: str, item: str | None = None) -> None:
    """Have the bytes that Nginx really sends counted for `ticket`: under the delivered media, or the uuid `item`."""
    resp.set_header(contract.TICKET.name, contract.ticket_value(ticket, item))


def _internal_url(media: Media) -> str:
    if media.mount is not None and media.path is not None:
        return contract.accel_mount(media.mount, media.path)
    return contract.accel_stored(media.stored) if media.stored else contract.accel_original(media.id)


def content_disposition(name: str, inline: bool = False) -> str:
    """RFC 6266 with a base name only: no path, no control or bidi character, an ASCII fallback and filename*."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    safe = "".join(c for c in base if unicodedata.category(c) not in {"Cc", "Cf", "Cs"}).strip(". ") or "download"
    ascii_name = unicodedata.normalize("NFKD", safe).encode("ascii", "ignore").decode().replace('"', "'") or "download"
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{ascii_name.replace('%', '_')}\"; filename*=UTF-8''{quote(safe, safe='')}"

"""GET /api/media/library, /api/media/{id}, and how media look to clients."""

from __future__ import annotations

import falcon

from control.domain.media import Media
from control.errors import BadRequest, ControlError
from control.resources.credentials import decision_id, signed_in
from control.resources.outcome import required
from control.services.decisions import decide
from control.services.library import Library, Page
from control.services.links import has_plain_file
from control.services.sessions import Sessions
from control.storage.sql.media import ORDERS, Filters

KINDS = ("video", "audio", "image", "document")
DEFAULT_LIMIT = 48


def as_json(media: Media) -> dict:
    """A library item, as scripts and pages rely on it."""
    base = "/api/media"
    still = {kind: f"{base}/{kind}/{media.id}?v={media.revision}" for kind in media.stills}
    return {
        "id": media.id,
        "name": media.name,
        "type": media.kind,
        "state": media.state,
        "progress": round(media.progress, 1),
        "error": _error(media),
        "thumbnail_url": still.get("thumbnail"),
        "preview_url": still.get("preview"),
        "still_url": still.get("still"),
        "created_at": media.created_at.isoformat(),
        "tags": list(media.tags),
        "source": media.source,
        "delivery": media.delivery,
        "stream_url": f"{base}/stream/{media.id}",
        "original_url": f"{base}/{media.id}/original" if has_plain_file(media) else None,
        "metadata": {
            "width": media.width,
            "height": media.height,
            "duration": media.duration,
            "size_bytes": media.size_bytes,
        },
    }


def _error(media: Media) -> dict | None:
    if not media.error:
        return None
    advice = next((error.advice for error in ControlError.__subclasses__() if error.code == media.error_code), "")
    return {"code": media.error_code, "message": media.error, "details": advice}


def pagination(page: Page) -> dict:
    return {"total": page.total, "page": page.page, "limit": page.limit, "pages": page.pages}


def filters(req: falcon.Request) -> Filters:
    """The library's query parameters; raises BadRequest, naming the bad one."""
    kind, sort = req.get_param("type") or "all", req.get_param("sort") or "created_at"
    order = req.get_param("order") or ("desc" if sort == "created_at" else "asc")
    if kind not in (*KINDS, "all"):
        raise BadRequest(f"type must be one of all, {', '.join(KINDS)}.")
    if sort not in ORDERS or order not in ("asc", "desc"):
        raise BadRequest(f"sort must be one of {', '.join(ORDERS)}, and order asc or desc.")
    query = (req.get_param("query") or "").strip().replace("\0", "")
    return Filters(None if kind == "all" else kind, query or None, None, sort, order == "desc")


def number(req: falcon.Request, name: str, default: int, largest: int = 1_000_000) -> int:
    raw = req.get_param(name) or str(default)
    if not raw.isascii() or not raw.isdigit() or not 1 <= int(raw) <= largest:
        raise BadRequest(f"{name} must be a number from 1 to {largest}.")
    return int(raw)


class Collection:
    def __init__(self, library: Library, sessions: Sessions):
        self._library, self._sessions = library, sessions

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal = signed_in(req, self._sessions)
        limit = number(req, "limit", DEFAULT_LIMIT)
        page = self._library.page(principal, filters(req), number(req, "page", 1), limit)
        resp.media = {"data": [as_json(media) for media in page.items], "pagination": pagination(page)}


class Item:
    def __init__(self, library: Library, sessions: Sessions):
        self._library, self._sessions = library, sessions

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal = signed_in(req, self._sessions)
        media = self._library.find(str(media_id))
        required(decide(principal, "download", media, decision_id(req)))
        resp.media = as_json(media)

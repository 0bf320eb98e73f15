"""GET /api/media/library, GET and PATCH /api/media/{id}, and how media look to clients."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import falcon
from pydantic import Field, ValidationError

from control.domain.media import Media
from control.domain.rights import CHANGE_MEDIA, DOWNLOAD, GIVE_MEDIA
from control.domain.sessions import Principal
from control.errors import BadRequest, ControlError
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import DetailedMediaShape, MediaPage, MediaShape, Shape
from control.services.decisions import decide
from control.services.library import LARGEST_PAGE, Library, Page
from control.services.mounts import Mounts
from control.services.users import Users
from control.storage.sql.media import ORDERS, Filters
from nginx.contract import STILL_KINDS, STILLS

DEFAULT_LIMIT = 48


class LibraryQuery(Shape):
    """What the library page and its API understand; anything else in the query is ignored."""

    type: Literal["all", "video", "audio", "image", "document"] = "all"
    query: Annotated[str, Field(max_length=200)] = Field("", description="Part of the name")
    sort: Literal[tuple(ORDERS)] = "created_at"
    order: Literal["asc", "desc"] | None = Field(None, description="Default: desc by created_at, else asc")
    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = DEFAULT_LIMIT

    @property
    def descending(self) -> bool:
        return (self.order or ("desc" if self.sort == "created_at" else "asc")) == "desc"

    def filters(self) -> Filters:
        query = self.query.strip().replace("\0", "") or None
        return Filters(None if self.type == "all" else self.type, query, None, self.sort, self.descending)

    @classmethod
    def of(cls, req: falcon.Request) -> LibraryQuery:
        """Of a page's address, where an empty field means none; raises BadRequest, naming the bad one."""
        try:
            return cls.model_validate({name: value for name, value in req.params.items() if value})
        except ValidationError as error:
            problem = error.errors(include_input=False)[0]
            raise BadRequest(f"{problem['loc'][0]}: {problem['msg']}.") from None


class MediaChange(Shape):
    visibility: Literal["private", "library", "public"] | None = None
    owner: Annotated[str, Field(max_length=320)] | None = Field(None, description="A user name or e-mail")


def as_json(media: Media) -> dict:
    """A library item, as scripts and pages rely on it."""
    base = "/api/media"
    return {
        "id": media.id,
        "name": media.name,
        "type": media.kind,
        "state": media.state,
        "progress": round(media.progress, 1),
        "error": _error(media),
        **{f"{kind}_url": still_url(media, kind) for kind in STILL_KINDS},
        "created_at": media.created_at.isoformat(),
        "tags": list(media.tags),
        "source": media.source,
        "visibility": media.visibility,
        "owner_id": media.owner_id,
        "delivery": media.delivery,
        "stream_url": f"{base}/stream/{media.id}",
        "original_url": f"{base}/{media.id}/original" if media.has_plain_file else None,
        "metadata": {
            "width": media.width,
            "height": media.height,
            "duration": media.duration,
            "size_bytes": media.size_bytes,
        },
    }


def with_details(media: Media, principal: Principal) -> dict:
    """The same with everything that is known of it; which other media is the same file, only administrators learn."""
    facts = {name: fact for name, fact in media.facts.items() if name not in ("duplicate_of", "sidecars")}
    other = media.facts.get("duplicate_of") if principal.role == "admin" else None
    tracks = [asdict(track) for track in media.tracks]
    return {**as_json(media), "details": facts, "tracks": tracks, "duplicate_of": other}


def still_url(media: Media, kind: str) -> str | None:
    """Where one of contract.STILL_KINDS is, if there is one; it changes whenever the picture does."""
    return f"{STILLS.path}{kind}/{media.id}?v={media.revision}" if kind in media.stills else None


def _error(media: Media) -> dict | None:
    if not media.error:
        return None
    advice = next((error.advice for error in ControlError.__subclasses__() if error.code == media.error_code), "")
    return {"code": media.error_code, "message": media.error, "details": advice}


def pagination(page: Page) -> dict:
    return {"total": page.total, "page": page.page, "limit": page.limit, "pages": page.pages}


class Collection:
    def __init__(self, library: Library):
        self._library = library

    @describe("Library", MediaPage, query=LibraryQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What one may see of the library, page by page."""
        wanted: LibraryQuery = req.context.query
        page = self._library.page(principal_of(req), wanted.filters(), wanted.page, wanted.limit)
        resp.media = {"data": [as_json(media) for media in page.items], "pagination": pagination(page)}


class PathQuery(Shape):
    path: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="Of this machine, or as Windows programs write it where the mount has a windows_path",
        examples=["C:\\Cloud\\a.mp4"],
    )


class AtPath:
    def __init__(self, library: Library, mounts: Mounts):
        self._library, self._mounts = library, mounts

    @describe("Library", MediaShape, query=PathQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The media of a mounted file, by its path."""
        media = self._mounts.media_at(req.context.query.path)
        required(decide(principal_of(req), DOWNLOAD, media, decision_id(req)))
        resp.media = as_json(media)


class Item:
    def __init__(self, library: Library, users: Users):
        self._library, self._users = library, users

    @describe("Library", DetailedMediaShape)
    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """One media, with its state and why it failed, its tracks, and what its file says of itself."""
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        resp.media = with_details(media, principal)

    @describe("Library", MediaShape, body=MediaChange)
    def on_patch(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Change who may see a media (its owner, editors), or whose it is (administrators)."""
        principal, media, wanted = principal_of(req), self._library.find(str(media_id)), req.context.json
        required(decide(principal, CHANGE_MEDIA, media, decision_id(req)))
        if wanted.owner is not None:
            required(decide(principal, GIVE_MEDIA, media, decision_id(req)))
        owner = self._users.find(wanted.owner) if wanted.owner else None
        if wanted.visibility or owner:
            facts = {"address": client_address(req), "decision": decision_id(req)}
            media = self._library.change(principal, media, wanted.visibility, owner, **facts)
        resp.media = as_json(media)

"""GET, PATCH and DELETE /api/media/{id}, and how media look to clients."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import falcon
from pydantic import Field, StringConstraints

from control.domain.media import Media
from control.domain.rights import CHANGE_MEDIA, DELETE_MEDIA, DOWNLOAD, GIVE_MEDIA
from control.domain.sessions import Principal
from control.errors import ControlError
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import DetailedMediaShape, MediaShape, Shape
from control.services.decisions import decide
from control.services.library import Library
from control.services.mounts import Mounts
from control.services.trash import Trash
from control.services.users import Users
from nginx.contract import STILL_KINDS, STILLS

# One line for people; a tag is one or a few words.
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f/]+$")
]  # fmt: skip
Tag = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50, pattern=r"^[^\x00-\x1f\x7f,]+$")
]  # fmt: skip
Tags = Annotated[list[Tag], Field(max_length=50)]


class MediaChange(Shape):
    name: Name | None = None
    tags: Tags | None = Field(None, description="All of them: others are taken off")
    visibility: Literal["private", "library", "public"] | None = None
    owner: Annotated[str, Field(max_length=320)] | None = Field(None, description="A user name or e-mail")


def as_json(media: Media) -> dict:
    """A library item, as scripts and pages rely on it."""
    base = "/api/media"
    return {
        "id": media.id,
        "name": media.name,
        "type": media.kind,
        "mime": media.mime,
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
    def __init__(self, library: Library, users: Users, trash: Trash):
        self._library, self._users, self._trash = library, users, trash

    @describe("Library", DetailedMediaShape)
    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """One media, with its state and why it failed, its tracks, and what its file says of itself."""
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        resp.media = with_details(media, principal)

    @describe("Library", MediaShape, body=MediaChange)
    def on_patch(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Change its name, its tags or who may see it (its owner, editors), or whose it is (administrators)."""
        principal, media, wanted = principal_of(req), self._library.find(str(media_id)), req.context.json
        required(decide(principal, CHANGE_MEDIA, media, decision_id(req)))
        if wanted.owner is not None:
            required(decide(principal, GIVE_MEDIA, media, decision_id(req)))
        owner = self._users.find(wanted.owner) if wanted.owner else None
        facts = {"address": client_address(req), "decision": decision_id(req)}
        if wanted.name is not None or wanted.tags is not None:
            tags = media.tags if wanted.tags is None else tuple(dict.fromkeys(wanted.tags))
            media = self._library.rename(principal, media, wanted.name or media.name, tags, **facts)
        if wanted.visibility or owner:
            media = self._library.change(principal, media, wanted.visibility, owner, **facts)
        resp.media = as_json(media)

    @describe("Trash", status=204)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """Put it into the trash: nobody sees it any more, its owner and administrators can bring it back."""
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, DELETE_MEDIA, media, decision_id(req)))
        self._trash.put(principal, [media], address=client_address(req), decision=decision_id(req))
        resp.status = falcon.HTTP_204

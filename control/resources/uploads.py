"""/v1/files/{init,part,complete,upload/{id},uploads,quota}: the upload service's API. Nginx spools what comes."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import falcon
from pydantic import Field

from control.domain.uploads import Upload, Wanted
from control.errors import BadRequest
from control.resources.credentials import goer, principal_of
from control.resources.openapi import describe
from control.resources.shapes import Shape
from control.services.identity import Identity
from control.services.uploads import Uploads
from nginx import contract

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
UploadId = Annotated[str, Field(max_length=100)]


class NewUpload(Shape):
    filename: str = Field(max_length=1000, examples=["holiday.mp4"])
    size: int = Field(ge=0, lt=1 << 62, description="Bytes")
    sha256: Sha256 | None = Field(None, description="Of the whole file; another one is refused")
    mode: Literal["single", "chunked"] = Field("single", description="single: all of it is part 1")
    folder: str = Field("", max_length=1000, examples=["Trips/2026"])
    vault: bool = Field(False, description="Treated as an import: its original goes where imports.originals says")
    visibility: Literal["private", "library", "public"] | None = Field(None, description="Default: uploads.visibility")


class BegunUpload(Shape):
    upload_id: str = Field(description="The right to go on with it, whether or not the sign-in lives")
    part_size: int = Field(description="Bytes; the last part may be shorter")
    expires_at: datetime = Field(description="Unless somebody goes on with it")


class PartQuery(Shape):
    upload_id: UploadId
    part: int = Field(1, description="From 1 on, in any order; sending one again does no harm")
    sha256: Sha256 | None = Field(None, description="Of this part; also as the header X-Content-SHA256")


class PartShape(Shape):
    upload_id: str
    part: int
    size: int


class Completion(Shape):
    upload_id: UploadId
    parts: list[Any] | None = Field(None, max_length=100_001, description="Numbers, or objects with `part`")


class StoredFile(Shape):
    key: str
    media_id: UUID
    sha256: str
    size: int


class Progress(Shape):
    upload_id: str
    filename: str
    folder: str
    size: int
    received: int = Field(description="Bytes that are on the disk")
    parts: list[int] = Field(description="Numbers of those that have come, where there are parts")
    part_size: int
    state: Literal["receiving", "finishing", "completed", "refused"]
    percent: float = Field(description="Of joining and hashing, while it is being finished")
    error: dict[str, Any] | None
    media_id: UUID | None
    key: str | None
    expires_at: datetime


class LiveUploads(Shape):
    uploads: list[Progress]


class QuotaShape(Shape):
    used: int = Field(description="Bytes of what one has uploaded")
    reserved: int = Field(description="Bytes of uploads under way")
    limit: int = Field(description="Bytes; 0: none")


class Init:
    def __init__(self, uploads: Uploads):
        self._uploads = uploads

    @describe("Uploads", BegunUpload, status=201, body=NewUpload)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin an upload: room is reserved for the whole file."""
        principal, body = principal_of(req), req.context.json
        wanted = Wanted(
            body.filename, body.size, self._uploads.part_bytes if body.mode == "chunked" else 0, body.folder,
            body.sha256 and bytes.fromhex(body.sha256), body.vault, body.visibility,
        )  # fmt: skip
        upload = self._uploads.begin(principal.user_id, wanted, principal)
        resp.status = falcon.HTTP_201
        expires = upload.expires_at.isoformat()
        resp.media = {"upload_id": upload.id, "part_size": upload.part_bytes, "expires_at": expires}


class Part:
    def __init__(self, uploads: Uploads, identity: Identity):
        self._uploads, self._identity = uploads, identity

    @describe("Uploads", PartShape, query=PartQuery)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send one part as the body."""
        query: PartQuery = req.context.query
        upload = self._uploads.find(query.upload_id, goer(req, self._identity))
        size = self._uploads.put_part(upload, query.part, spooled(req), _sha256(req, query.sha256))
        resp.media = {"upload_id": upload.id, "part": query.part, "size": size}


def spooled(req: falcon.Request) -> str:
    """Where Nginx has put the body; empty when none came."""
    return req.env.get(contract.BODY_FILE.environ, "") if req.env.get(contract.INTERNAL_HOP.environ) == "1" else ""


def _sha256(req: falcon.Request, asked: str | None) -> bytes | None:
    given = asked or req.get_header("X-Content-SHA256")
    if given is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", given):
        raise BadRequest("A SHA-256 has 64 hexadecimal digits.")
    return given and bytes.fromhex(given)


class Complete:
    def __init__(self, uploads: Uploads, identity: Identity):
        self._uploads, self._identity = uploads, identity

    @describe("Uploads", StoredFile, body=Completion)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Join and check what was sent, and hand it to the library; asking again gives the same answer."""
        body: Completion = req.context.json
        upload = self._uploads.find(body.upload_id, goer(req, self._identity))
        done = self._uploads.finish(upload, body.parts and [_number(part) for part in body.parts])
        resp.media = {"key": done.key, "media_id": done.media_id, "sha256": done.sha256.hex(), "size": done.size}


def _number(part: Any) -> int:
    number = part.get("part", part.get("part_number")) if isinstance(part, dict) else part
    if not isinstance(number, int):
        raise BadRequest("parts: numbers, or objects with `part`.")
    return number


class Item:
    def __init__(self, uploads: Uploads, identity: Identity):
        self._uploads, self._identity = uploads, identity

    @describe("Uploads", Progress)
    def on_get(self, req: falcon.Request, resp: falcon.Response, upload_id: str) -> None:
        """How far an upload is."""
        resp.media = progress(self._uploads, self._uploads.find(upload_id, goer(req, self._identity)))

    @describe("Uploads", status=204)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, upload_id: str) -> None:
        """Give an upload up: nothing of it stays, and its room is free."""
        self._uploads.abort(self._uploads.find(upload_id, goer(req, self._identity)))
        resp.status = falcon.HTTP_204


def progress(uploads: Uploads, upload: Upload) -> dict:
    done = upload.state == "completed"
    return {
        "upload_id": upload.id,
        "filename": upload.name,
        "folder": upload.folder,
        "size": upload.size,
        "received": uploads.received(upload),
        "parts": uploads.parts(upload),
        "part_size": upload.part_bytes,
        "state": upload.state,
        "percent": round(upload.percent, 1),
        "error": {"code": upload.error_code, "message": upload.error} if upload.error_code else None,
        "media_id": upload.media_id if done else None,
        "key": upload.key if done else None,
        "expires_at": upload.expires_at.isoformat(),
    }


class Collection:
    def __init__(self, uploads: Uploads):
        self._uploads = uploads

    @describe("Uploads", LiveUploads)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """One's uploads under way, the newest first."""
        live = self._uploads.live(principal_of(req).user_id)
        resp.media = {"uploads": [progress(self._uploads, upload) for upload in live]}


class Quota:
    def __init__(self, uploads: Uploads):
        self._uploads = uploads

    @describe("Uploads", QuotaShape)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """How much room one has."""
        quota = self._uploads.quota(principal_of(req).user_id)
        resp.media = {"used": quota.used, "reserved": quota.reserved, "limit": quota.limit}


"""/v1/files/metadata/{key} and DELETE /v1/files/{key}: files by the key that the upload service's clients know."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import falcon
from pydantic import Field

from control.domain.media import Media
from control.domain.rights import DELETE_MEDIA, DOWNLOAD, Right
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import Shape
from control.services.decisions import decide
from control.services.files import Files


class FileShape(Shape):
    key: str
    media_id: UUID
    filename: str
    folder: str
    size: int
    sha256: str | None
    crc32: str | None = Field(description="Eight hexadecimal digits")
    content_type: str
    uploaded_at: datetime
    owner_id: UUID | None
    visibility: Literal["private", "library", "public"]
    state: Literal["pending", "processing", "playable", "completed", "failed"]


class _Resource:
    def __init__(self, files: Files):
        self._files = files

    def _decided(self, req: falcon.Request, key: str, right: Right) -> Media:
        media = self._files.find(key)
        required(decide(principal_of(req), right, media, decision_id(req)))
        return media


class Metadata(_Resource):
    @describe("Uploads", FileShape)
    def on_get(self, req: falcon.Request, resp: falcon.Response, key: str) -> None:
        """What is known of a file."""
        media = self._decided(req, key, DOWNLOAD)
        sha256, crc32 = self._files.facts(media)
        resp.media = {
            "key": media.key,
            "media_id": media.id,
            "filename": media.name,
            "folder": media.folder,
            "size": media.size_bytes,
            "sha256": sha256 and sha256.hex(),
            "crc32": None if crc32 is None else f"{crc32:08x}",
            "content_type": media.mime,
            "uploaded_at": media.created_at.isoformat(),
            "owner_id": media.owner_id,
            "visibility": media.visibility,
            "state": media.state,
        }


class Item(_Resource):
    @describe("Uploads", status=204)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, key: str) -> None:
        """Delete a file, and what was made of it; a mounted one is never touched."""
        media = self._decided(req, key, DELETE_MEDIA)
        self._files.delete(media, principal_of(req), client_address(req), decision_id(req))
        resp.status = falcon.HTTP_204

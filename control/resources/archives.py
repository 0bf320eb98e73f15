"""POST /v1/files/batch-download: one ZIP of several media; GET …/{token}: its bytes, whole or by range."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import falcon
from pydantic import Field, model_validator

from control.domain.archives import Archive
from control.domain.rights import DOWNLOAD
from control.errors import NotForArchive, RangeNotSatisfiable
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.delivery import content_disposition, count_delivery, hand_over
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import Shape, Text
from control.services.archive_parts import ArchiveParts, Frozen
from control.services.archives import Archives, Made, Refused, explain
from control.services.decisions import may
from control.services.visits import Visits
from control.storage.sql.library_filters import Filters
from nginx import contract

ZIP_TYPE = "application/zip"
_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*", re.ASCII | re.IGNORECASE)

Key = Annotated[str, Field(min_length=1, max_length=300)]


class Wanted(Shape):
    """Files by key or id, and all that one may see and that fits a tag, a search or a folder."""

    keys: list[Key] = []
    media_ids: list[UUID] = []
    tag: Text = ""
    query: Text = Field("", description="Part of the name, as in the library")
    folder: Text = Field("", description="With all below it; of a mount: NAME or NAME/PATH")
    skip_missing: bool = Field(False, description="Leave out what cannot be had, and list it")
    name: Annotated[str, Field(max_length=200)] = Field("", description="Of the ZIP file", examples=["holidays"])

    @model_validator(mode="after")
    def _something(self) -> Wanted:
        if not (self.keys or self.media_ids or self.filters):
            raise ValueError("give keys, media_ids, tag, query or folder")
        return self

    @property
    def filters(self) -> Filters | None:
        tag, query, folder = (text.replace("\0", "").strip() for text in (self.tag, self.query, self.folder))
        if not (tag or query or folder):
            return None
        return Filters(query=query or None, tag=tag or None, folder=folder.strip("/") or None)

    @property
    def file_name(self) -> str:
        """What it is called: as was asked for, by its one selection, or by the day."""
        name = self.name or self.folder.rstrip("/").rpartition("/")[2] or self.tag or self.query
        return f"{name or f'sluice-{datetime.now(UTC):%Y-%m-%d}'}.zip".replace("\0", "")


class SkippedShape(Shape):
    key: str
    name: str
    code: str = Field(examples=["MEDIA_008"])
    reason: str


class ArchiveState(Shape):
    state: Literal["preparing", "ready", "failed"]
    percent: float
    files: int
    bytes: int = Field(description="Of the files")
    expires: datetime
    error: str | None = None


class ArchiveShape(ArchiveState):
    token: str
    url: str = Field(description="Good without signing in, until it expires")
    skipped: list[SkippedShape]


class Collection:
    def __init__(self, archives: Archives):
        self._archives = archives

    @describe("Files", ArchiveShape, status=201, body=Wanted)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Freeze a ZIP of several files and get its address; "preparing" while checksums are read for the first time.

        Everything must be allowed and plain, or the answer names what is not; skip_missing leaves it out.
        """
        principal, wanted = principal_of(req), req.context.json
        ids = [str(one) for one in wanted.media_ids]
        if wanted.filters:
            ids += self._archives.matching(principal, wanted.filters)
        media, refused = self._archives.choose(principal, wanted.keys, ids, decision_id(req))
        if refused and not (wanted.skip_missing and media):
            raise NotForArchive(explain(refused))
        made = self._archives.make(
            principal, media, wanted.file_name, address=client_address(req), decision=decision_id(req)
        )
        resp.status, resp.media = falcon.HTTP_201, as_json(made, refused)


def as_json(made: Made, refused: list[Refused]) -> dict:
    skipped = [{"key": one.key, "name": one.name, "code": one.code, "reason": one.reason} for one in refused]
    return {"token": made.token, "url": made.url, **state_of(made.archive), "skipped": skipped}


def state_of(archive: Archive) -> dict:
    return {
        "state": archive.state,
        "percent": round(archive.percent, 1),
        "files": archive.files,
        "bytes": archive.bytes,
        "expires": archive.expires_at.isoformat(timespec="seconds"),
        "error": archive.error,
    }


class Item:
    def __init__(self, archives: Archives, parts: ArchiveParts, visits: Visits):
        self._archives, self._parts, self._visits = archives, parts, visits

    @describe("Files", also={206: None, 304: None, 412: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response, token: str) -> None:
        """The ZIP itself, with Range; ?status says how far its preparation is. The token is the right to it."""
        if "status" in req.query_string.split("&"):
            resp.media = state_of(self._archives.find(token))
            return
        archive, frozen = self._archives.ready(token)
        if archive.ticket:
            self._must_still_be_shared(archive.ticket, decision_id(req))
        resp.set_header("ETag", f'"{frozen.etag}"')
        resp.set_header("Accept-Ranges", "bytes")
        unmet = _unmet(req, frozen.etag)
        if unmet:
            resp.status = unmet
            return
        resp.content_type = ZIP_TYPE
        resp.set_header("Content-Disposition", content_disposition(archive.name))
        resp.set_header(contract.VERDICT.name, f"{archive.user_id or archive.principal} zip {archive.id}")
        if archive.ticket:
            count_delivery(resp, archive.ticket, archive.id)
        self._deliver(req, resp, archive, frozen)

    def _must_still_be_shared(self, visit: str, decision: str) -> None:
        """The archive of a share's visitor ends with the share; raises as decisions do."""
        principal, _ = self._visits.alive(visit)
        required(may(principal, DOWNLOAD, decision))

    def _deliver(self, req: falcon.Request, resp: falcon.Response, archive: Archive, frozen: Frozen) -> None:
        wanted = _wanted_range(req, resp, frozen)
        if wanted is None and frozen.by_nginx:
            return hand_over(resp, contract.accel_archive(archive.id, frozen.length, frozen.etag), ZIP_TYPE)
        start, stop = wanted or (0, frozen.length)
        if wanted:
            resp.status = falcon.HTTP_206
            resp.set_header(contract.CONTENT_RANGE.name, f"bytes {start}-{stop - 1}/{frozen.length}")
        resp.set_header("Cache-Control", "private, no-cache")
        send(resp, self._parts, frozen, start, stop)


def send(resp: falcon.Response, parts: ArchiveParts, frozen: Frozen, start: int, stop: int) -> None:
    """Bytes `start` to `stop`, read here."""
    resp.content_type = ZIP_TYPE
    resp.set_header("ETag", f'"{frozen.etag}"')
    resp.set_header("Accept-Ranges", "bytes")
    resp.set_header("X-Accel-Buffering", "no")  # (!) else Nginx writes the archive to its own disk for a slow client
    resp.stream, resp.content_length = parts.read(frozen, start, stop), stop - start


def _unmet(req: falcon.Request, etag: str) -> str | None:
    """The status of a condition that decides (RFC 9110 13.2.2), or None."""
    match, none_match = req.if_match, req.if_none_match
    if match and not _matches(match, etag, strong=True):
        return falcon.HTTP_412
    return falcon.HTTP_304 if none_match and _matches(none_match, etag) else None


def _matches(tags: list, etag: str, strong: bool = False) -> bool:
    return any(tag == "*" or (tag == etag and not (strong and tag.is_weak)) for tag in tags)


def _wanted_range(req: falcon.Request, resp: falcon.Response, frozen: Frozen) -> tuple[int, int] | None:
    """(start, stop) of a single range (RFC 9110 14.1.2); None for all of it, also where several are asked for.

    Raises RangeNotSatisfiable.
    """
    found, tag = _RANGE.fullmatch(req.get_header("Range") or ""), f'"{frozen.etag}"'
    if not found or not any(found.groups()) or req.get_header("If-Range", default=tag) != tag:
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(frozen.length - int(last), 0), frozen.length
    else:
        start, stop = int(first), min(int(last) + 1, frozen.length) if last else frozen.length
        if last and int(last) < start:
            return None  # not a range at all
    if start >= stop:
        resp.set_header(contract.CONTENT_RANGE.name, f"bytes */{frozen.length}")
        raise RangeNotSatisfiable()
    return start, stop


class Parts:
    """GET /_sluice/parts/{id}: what Nginx assembles a whole archive from."""

    def __init__(self, archives: Archives, parts: ArchiveParts):
        self._archives, self._parts = archives, parts

    def on_get(self, req: falcon.Request, resp: falcon.Response, archive_id) -> None:
        frozen = self._archives.frozen(str(archive_id))
        if req.query_string == contract.WHOLE_PARAM.name:
            send(resp, self._parts, frozen, 0, frozen.length)
        else:
            resp.content_type, resp.stream = contract.PARTS_TYPE, self._parts.for_nginx(frozen)

"""/files/: tus 1.0.0 (core, creation, creation-with-upload, checksum, termination, expiration, concatenation).

Bytes are Nginx's: it spools a body and names its path. HEAD arrives as GET, as everywhere.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import falcon

from control.domain.uploads import Upload, Wanted
from control.errors import BadRequest, ChecksumWrong, ControlError, UploadBusy, UploadNotFound
from control.resources.credentials import goer, principal_of
from control.resources.outcome import error_of
from control.resources.uploads import spooled
from control.services.identity import Identity
from control.services.uploads import Uploads
from nginx import contract

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,termination,expiration,concatenation"
ALGORITHMS = ("sha1", "sha256", "md5")
_BODY_TYPE = "application/offset+octet-stream"
_YES = ("1", "true", "yes")

# tus has statuses of its own for these.
_STATUSES = {ChecksumWrong: 460, UploadBusy: 423}


class _Resource:
    def __init__(self, uploads: Uploads, identity: Identity):
        self._uploads, self._identity = uploads, identity

    def on_options(self, req: falcon.Request, resp: falcon.Response, **_: Any) -> None:
        """What this server can do."""
        resp.status = falcon.HTTP_204
        _describe(resp)
        resp.set_header("Tus-Extension", EXTENSIONS)
        resp.set_header("Tus-Checksum-Algorithm", ",".join(ALGORITHMS))
        if self._uploads.max_bytes:
            resp.set_header("Tus-Max-Size", str(self._uploads.max_bytes))

    def _find(self, req: falcon.Request, upload_id: str) -> Upload:
        return self._uploads.find(upload_id, goer(req, self._identity))

    def _append(self, req: falcon.Request, upload: Upload, offset: int) -> int:
        algorithm, checksum = _checksum(req)
        return self._uploads.append(upload, offset, spooled(req), algorithm, checksum)


def spoken(responder):
    """The request speaks tus 1.0.0, and so do its answer and its refusals."""

    def checked(self, req: falcon.Request, resp: falcon.Response, **given: Any) -> None:
        _describe(resp)
        try:
            if req.get_header("Tus-Resumable") != VERSION:
                raise _with_status(BadRequest(f"This server speaks tus {VERSION}: send Tus-Resumable."), 412)
            responder(self, req, resp, **given)
        except ControlError as error:
            raise _with_status(error, _STATUSES.get(type(error), error.status)) from error

    checked.__doc__ = responder.__doc__
    return checked


def _describe(resp: falcon.Response) -> None:
    resp.set_header("Tus-Resumable", VERSION)
    resp.set_header("Tus-Version", VERSION)
    resp.set_header("Cache-Control", "no-store")


def _with_status(error: ControlError, status: int) -> ControlError:
    error.status = status
    return error


class Collection(_Resource):
    @spoken
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin an upload; a body of its first bytes may come with it."""
        concat = req.get_header("Upload-Concat") or ""
        if concat.startswith("final"):
            upload, reached = self._concatenated(req, concat), None
        else:
            upload = self._begun(req, "partial" if concat == "partial" else "whole")
            reached = self._append(req, upload, 0) if req.content_type == _BODY_TYPE else None
        resp.status = falcon.HTTP_201
        resp.set_header("Location", f"{contract.TUS.path}{upload.id}")
        _expiry(resp, upload.expires_at)
        if reached is not None:
            resp.set_header("Upload-Offset", str(reached))

    def _begun(self, req: falcon.Request, role) -> Upload:
        if req.get_header("Upload-Defer-Length") is not None:
            raise BadRequest("The length must be known when an upload begins: send Upload-Length.")
        wanted = _wanted(req, _number(req, "Upload-Length"), role)
        return self._uploads.begin(principal_of(req).user_id, wanted, principal_of(req))

    def _concatenated(self, req: falcon.Request, concat: str) -> Upload:
        named = re.findall(rf"/({contract.UPLOAD})(?=\s|$)", concat.partition(";")[2])
        if not named:
            raise BadRequest("Upload-Concat: final;URL URL ...")
        partials = [self._find(req, upload_id) for upload_id in named]
        return self._uploads.concatenate(partials, _wanted(req, 0, "whole"))


class Item(_Resource):
    @spoken
    def on_get(self, req: falcon.Request, resp: falcon.Response, upload_id: str) -> None:
        """How many bytes are there (HEAD)."""
        upload = self._find(req, upload_id)
        if upload.state == "refused":
            raise error_of(upload.error_code, upload.error)
        resp.set_header("Upload-Offset", str(self._uploads.received(upload)))
        resp.set_header("Upload-Length", str(upload.size))
        resp.set_header("Upload-Metadata", f"filename {base64.b64encode(upload.name.encode()).decode()}")
        _expiry(resp, upload.expires_at)
        if upload.role == "partial":
            resp.set_header("Upload-Concat", "partial")

    @spoken
    def on_patch(self, req: falcon.Request, resp: falcon.Response, upload_id: str) -> None:
        """Add bytes where the last ones ended."""
        if req.content_type != _BODY_TYPE:
            raise _with_status(BadRequest(f"Content-Type: {_BODY_TYPE}"), 415)
        upload = self._find(req, upload_id)
        resp.set_header("Upload-Offset", str(self._append(req, upload, _number(req, "Upload-Offset"))))
        _expiry(resp, upload.expires_at)
        resp.status = falcon.HTTP_204

    @spoken
    def on_delete(self, req: falcon.Request, resp: falcon.Response, upload_id: str) -> None:
        """Give it up."""
        upload = self._find(req, upload_id)
        if upload.state == "completed":
            raise UploadNotFound()
        self._uploads.abort(upload)
        resp.status = falcon.HTTP_204


def _expiry(resp: falcon.Response, moment: datetime) -> None:
    resp.set_header("Upload-Expires", format_datetime(moment.astimezone(UTC), usegmt=True))


def _wanted(req: falcon.Request, size: int, role) -> Wanted:
    given = _metadata(req.get_header("Upload-Metadata") or "")
    visibility = given.get("visibility") or None
    if visibility not in (None, "private", "library", "public"):
        raise BadRequest("visibility: private, library or public.")
    name = given.get("filename") or given.get("name") or ("partial" if role == "partial" else "")
    vault = given.get("vault", "").lower() in _YES
    return Wanted(name, size, 0, given.get("folder", ""), None, vault, visibility, "tus", role)


def _metadata(header: str) -> dict[str, str]:
    """Raises BadRequest for what is no base64 of UTF-8."""
    found = {}
    for pair in filter(None, (pair.strip() for pair in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise BadRequest(f"Upload-Metadata: {key[:50]!r} is no base64 of UTF-8.") from None
    return found


def _number(req: falcon.Request, header: str) -> int:
    value = req.get_header(header) or ""
    if not re.fullmatch(r"\d{1,18}", value):
        raise BadRequest(f"{header} must be a number of bytes.")
    return int(value)


def _checksum(req: falcon.Request) -> tuple[str, bytes | None]:
    given = req.get_header("Upload-Checksum")
    if given is None:
        return "", None
    algorithm, _, value = given.partition(" ")
    if algorithm not in ALGORITHMS:
        raise BadRequest(f"Upload-Checksum: one of {', '.join(ALGORITHMS)}.")
    try:
        return algorithm, base64.b64decode(value, validate=True)
    except binascii.Error:
        raise BadRequest("Upload-Checksum: the algorithm, then base64.") from None

"""/api/shares: making, seeing, changing and revoking one's shares, and their QR codes."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Annotated
from uuid import UUID

import falcon
import segno
from pydantic import Field, StringConstraints

from control.domain.sessions import Principal
from control.domain.shares import ShareRight
from control.errors import NotAllowed
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.shapes import Message, Shape
from control.services.passwords import LONGEST
from control.services.shares import LARGEST, LONGEST_FOLDER, OwnShare, Shares

_QR_SCALE, _QR_BORDER = 8, 4  # pixels of a module; modules (ISO/IEC 18004 wants four)

_NO_NUL = r"^[^\x00]*$"  # which Postgres does not take
Name = Annotated[str, StringConstraints(max_length=200, pattern=_NO_NUL, strip_whitespace=True)]
Note = Annotated[str, StringConstraints(max_length=2000, pattern=_NO_NUL, strip_whitespace=True)]
Folder = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_FOLDER, pattern=_NO_NUL)]
SharePassword = Annotated[str, StringConstraints(min_length=4, max_length=LONGEST)]
Rights = Annotated[list[ShareRight], Field(min_length=1, description="Any of view, download, upload")]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]


class ShareFields(Shape):
    """What can be said of a share when it is made, and changed later."""

    media_ids: Annotated[list[UUID], Field(max_length=LARGEST)] = []
    folder: Folder | None = Field(None, description="Of one's own, with everything below it", examples=["Trips/2026"])
    password: SharePassword | None = Field(None, description="None: the address is enough")
    expires_in: int | None = Field(None, ge=1, description="Seconds from now; default: shares.default_seconds")
    max_uses: Count | None = Field(None, description="Visitors who may have something of it; None: any number")
    name: Name = ""
    note: Note = Field("", description="For whoever opens it")
    upload_max_files: Count | None = None
    upload_max_bytes: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None


class NewShare(ShareFields):
    rights: Rights


class ShareChange(ShareFields):
    rights: Rights = Field(["view"], description="Any of view, download, upload")


class MintedShare(Shape):
    id: UUID
    code: str
    url: str


class ShareShape(Shape):
    id: UUID
    url: str
    name: str
    note: str
    owner: str = Field(description="User name")
    media_ids: list[UUID]
    folder: str | None
    rights: list[ShareRight]
    has_password: bool
    max_uses: int | None
    uses: int = Field(description="Visitors who have had something of it whole")
    opens: int = Field(description="Visitors")
    downloads: int = Field(description="Files that have arrived whole")
    last_seen: datetime | None
    created_at: datetime
    expires: datetime
    revoked: bool
    upload_max_files: int | None
    upload_max_bytes: int | None


class ShareList(Shape):
    shares: list[ShareShape]


class ShareQuery(Shape):
    all: bool = Field(False, description="Everybody's, for administrators")


class Collection:
    def __init__(self, shares: Shares):
        self._shares = shares

    @describe("Shares", ShareList, query=ShareQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """One's shares, the newest first, with what has become of them."""
        principal, everybody = principal_of(req), req.context.query.all
        if everybody and principal.role != "admin":
            raise NotAllowed()
        resp.media = {"shares": [as_json(own) for own in self._shares.of(None if everybody else principal.user_id)]}

    @describe("Shares", MintedShare, status=201, body=NewShare)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Share media, a folder of one's own, or a place to send files to."""
        fields = _wanted(req.context.json)
        minted = self._shares.mint(principal_of(req), fields, client_address(req), decision_id(req))
        resp.status = falcon.HTTP_201
        resp.set_header("Cache-Control", "no-store")
        resp.media = {"id": minted.id, "code": minted.code, "url": minted.url}


class Item:
    def __init__(self, shares: Shares):
        self._shares = shares

    @describe("Shares", ShareShape)
    def on_get(self, req: falcon.Request, resp: falcon.Response, share_id) -> None:
        """One of one's shares."""
        resp.media = as_json(self._shares.get(principal_of(req), str(share_id)))

    @describe("Shares", ShareShape, body=ShareChange)
    def on_patch(self, req: falcon.Request, resp: falcon.Response, share_id) -> None:
        """Change what is named, at once; a new password ends the visits of the old one, null takes it away."""
        wanted = {name: value for name, value in _wanted(req.context.json).items() if name in _sent(req)}
        changed = self._shares.change(
            principal_of(req), str(share_id), wanted, client_address(req), decision_id(req)
        )  # fmt: skip
        resp.media = as_json(changed)

    @describe("Shares", Message)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, share_id) -> None:
        """Revoke a share: its address ends at once, a film that plays at its next key."""
        self._shares.revoke(principal_of(req), str(share_id), client_address(req), decision_id(req))
        resp.media = {"message": "Share revoked"}


class Code:
    """The address of a share as a QR code."""

    def __init__(self, shares: Shares):
        self._shares = shares

    @describe("Shares")
    def on_get_svg(self, req: falcon.Request, resp: falcon.Response, share_id) -> None:
        """The QR code of a share's address, as SVG."""
        resp.content_type = "image/svg+xml"
        resp.data = self._drawn(principal_of(req), str(share_id), kind="svg", xmldecl=False, omitsize=True)

    @describe("Shares")
    def on_get_png(self, req: falcon.Request, resp: falcon.Response, share_id) -> None:
        """The QR code of a share's address, as PNG."""
        resp.content_type = "image/png"
        resp.data = self._drawn(principal_of(req), str(share_id), kind="png")

    def _drawn(self, principal: Principal, share_id: str, **options) -> bytes:
        drawing = io.BytesIO()
        code = segno.make_qr(self._shares.get(principal, share_id).url)
        code.save(drawing, scale=_QR_SCALE, border=_QR_BORDER, light="#ffffff", **options)
        return drawing.getvalue()


def _sent(req: falcon.Request) -> set[str]:
    """The fields that the body names."""
    return req.context.json.model_fields_set


def _wanted(body: ShareFields) -> dict:
    return body.model_dump() | {"media_ids": [str(media) for media in body.media_ids]}


def as_json(own: OwnShare) -> dict:
    share, use = own.share, own.use
    return {
        "id": share.id,
        "url": own.url,
        "name": share.name,
        "note": share.note,
        "owner": share.owner.username,
        "media_ids": list(share.media_ids),
        "folder": share.folder,
        "rights": sorted(share.rights),
        "has_password": bool(share.password_hash),
        "max_uses": share.max_uses,
        "uses": use.uses,
        "opens": use.opens,
        "downloads": use.downloads,
        "last_seen": use.last_seen and use.last_seen.isoformat(timespec="seconds"),
        "created_at": share.created_at.isoformat(timespec="seconds"),
        "expires": share.expires_at.isoformat(timespec="seconds"),
        "revoked": share.revoked,
        "upload_max_files": share.upload_max_files,
        "upload_max_bytes": share.upload_max_bytes,
    }

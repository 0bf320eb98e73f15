"""/s/{code}/…: what visitors of a share fetch. The code and the visit's cookie are all that counts here."""

from __future__ import annotations

import falcon

from control.domain.media import Media
from control.domain.rights import BROWSE, DOWNLOAD, UPLOAD, VIEW
from control.domain.sessions import ANONYMOUS, Principal
from control.domain.uploads import Wanted
from control.errors import MediaNotFound, NoPlainFile, ShareRightMissing
from control.resources import cookies
from control.resources.credentials import client_address, decision_id, visit_cookie
from control.resources.delivery import count_delivery, hand_over_original
from control.resources.media import with_details
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.stills import Still
from control.resources.storyboards import answer_frames
from control.resources.streams import answer_stream
from control.resources.uploads import BegunUpload, NewUpload
from control.services.archives import Archives
from control.services.audit import Audit
from control.services.decisions import decide, may
from control.services.drop_boxes import DropBoxes
from control.services.grants import Grants
from control.services.library import Library
from control.services.limits import RequestLimits
from control.services.mounts import Mounts
from control.services.shares import Shares
from control.services.visits import AnotherUse, Asked, Visits
from nginx import contract


class Door:
    """What every address of a share does first."""

    def __init__(self, visits: Visits, library: Library, limits: RequestLimits):
        self._visits, self._library, self._limits = visits, library, limits

    def enter(self, req: falcon.Request, code: str) -> Principal:
        """Who has the code; raises ShareNotFound. What they may, each address asks by itself."""
        self._limits.enter(ANONYMOUS, client_address(req))
        req.context.principal = principal = self._visits.enter(code, visit_cookie(req.env))
        return principal

    def join(self, req: falcon.Request, resp: falcon.Response, principal: Principal) -> Principal:
        """The same with a visit of its own."""
        principal, cookie = self._visits.join(principal, visit_cookie(req.env), asked(req))
        cookies.set_visit(resp, cookie)
        return principal

    def media(self, media_id) -> Media | None:
        return self._library.find(str(media_id))


class File:
    def __init__(self, door: Door, visits: Visits, mounts: Mounts):
        self._door, self._visits, self._mounts = door, visits, mounts

    @describe("Visitors", also={206: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """A file of a share as it came, with Range: a download that needs neither a script nor a cookie."""
        principal, media = self._door.enter(req, code), self._door.media(media_id)
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        if not media.has_plain_file:
            raise NoPlainFile("It can be watched, but its file is kept encrypted.")
        self._mounts.must_be_here(media)
        principal = self._fetch(req, resp, self._door.join(req, resp, principal), media)
        hand_over_original(resp, media, attachment=True)
        count_delivery(resp, principal.visit_id)

    def _fetch(self, req: falcon.Request, resp: falcon.Response, principal: Principal, media: Media) -> Principal:
        """Take one of the share's uses, where they are limited. Whoever had the file already uses another one."""
        try:
            self._visits.fetch(principal, media, asked(req))
        except AnotherUse:
            principal, cookie = self._visits.another(principal, visit_cookie(req.env), asked(req))
            cookies.set_visit(resp, cookie)
            self._visits.fetch(principal, media, asked(req))
        return principal


class Stream:
    """Like streams.Stream. A visitor without a cookie gets a portable grant: there is nothing to bind it to."""

    def __init__(self, door: Door, visits: Visits, grants: Grants, mounts: Mounts, audit: Audit):
        self._door, self._visits, self._grants = door, visits, grants
        self._mounts, self._audit = mounts, audit

    @describe("Visitors", also={206: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """A film's playlist, an encrypted picture, or the file of what is played as it is."""
        principal, media = self._door.enter(req, code), self._door.media(media_id)
        right = DOWNLOAD if media and media.kind == "document" else VIEW  # to read one is to have it
        decision = required(decide(principal, right, media, decision_id(req)))
        portable = self._visits.visitor(visit_cookie(req.env)) is None
        principal = self._door.join(req, resp, principal)
        if shown_as(media, principal) == "file":
            return self._file(req, resp, principal, media)
        self._visits.look(principal, media)
        opened = self._grants.open(principal, media, portable)
        self._audit.record(
            "stream_opened", principal, media_id=media.id, address=client_address(req), decision=decision.id,
            reason=decision.reason, details={"share": principal.share.id},
        )  # fmt: skip
        answer_stream(resp, media, opened)

    def _file(self, req: falcon.Request, resp: falcon.Response, principal: Principal, media: Media) -> None:
        """Players ask for many parts, and for the beginning more than once."""
        self._mounts.must_be_here(media)
        self._visits.fetch(principal, media, asked(req, parts=True))
        hand_over_original(resp, media)
        count_delivery(resp, principal.visit_id)


class Zip:
    def __init__(self, door: Door, shares: Shares, archives: Archives):
        self._door, self._shares, self._archives = door, shares, archives

    @describe("Visitors", status=303)
    def on_get(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """All files of a share that can be had, as one ZIP: not where uses are limited, which files count."""
        principal = self._door.enter(req, code)
        decision = required(may(principal, DOWNLOAD, decision_id(req)))
        if principal.share.max_uses is not None:
            raise ShareRightMissing("Its uses are counted: fetch its files one by one.")
        principal = self._door.join(req, resp, principal)
        files = [media for media in self._shares.contents(principal) if media.has_plain_file]
        name = f"{principal.share.name or 'sluice'}.zip"
        made = self._archives.make(
            principal, files, name, principal.visit_id, address=client_address(req), decision=decision.id
        )
        resp.status, resp.location = falcon.HTTP_303, f"{contract.BATCH.path}/{made.token}"


class Upload:
    """A drop box: the upload goes on at /v1/files/part and /v1/files/complete, where its id is the right."""

    def __init__(self, door: Door, drop_boxes: DropBoxes, part_bytes: int):
        self._door, self._drop_boxes, self._part_bytes = door, drop_boxes, part_bytes

    @describe("Visitors", BegunUpload, status=201, body=NewUpload)
    def on_post(self, req: falcon.Request, resp: falcon.Response, code: str) -> None:
        """Begin to send a file to whoever made the share. Its folder and visibility are theirs to choose."""
        principal, body = self._door.enter(req, code), req.context.json
        required(may(principal, UPLOAD, decision_id(req)))
        part_bytes = self._part_bytes if body.mode == "chunked" else 0
        wanted = Wanted(body.filename, body.size, part_bytes, sha256=body.sha256 and bytes.fromhex(body.sha256))
        upload = self._drop_boxes.begin(self._door.join(req, resp, principal), wanted)
        resp.status = falcon.HTTP_201
        expires = upload.expires_at.isoformat()
        resp.media = {"upload_id": upload.id, "part_size": upload.part_bytes, "expires_at": expires}


class Pictures:
    """Thumbnails and their like, for a cold cache: every request is decided by resources.access before."""

    def __init__(self, door: Door, still: Still):
        self._door, self._still = door, still

    @describe("Visitors")
    def on_get_thumbnail(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """The thumbnail of something shared."""
        self._show(req, resp, code, media_id, "thumbnail")

    @describe("Visitors")
    def on_get_preview(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """The preview of a shared film."""
        self._show(req, resp, code, media_id, "preview")

    @describe("Visitors")
    def on_get_still(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """The picture at rest of a shared film or song."""
        self._show(req, resp, code, media_id, "still")

    @describe("Visitors")
    def on_get_storyboard(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """The small frames of a shared film, on one sheet."""
        self._show(req, resp, code, media_id, "storyboard")

    @describe("Visitors")
    def on_get_waveform(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """The loudness of a shared song over its length."""
        self._show(req, resp, code, media_id, "waveform")

    @describe("Visitors")
    def on_get_frames(self, req: falcon.Request, resp: falcon.Response, code: str, media_id) -> None:
        """Which part of a film's sheet of small frames belongs to which moment, as WebVTT."""
        media = self._media(req, code, media_id)
        if "storyboard" not in media.stills:
            raise MediaNotFound("It has no storyboard (yet).")
        answer_frames(resp, media, f"{address(code)}/storyboard/{media.id}?v={media.revision}")

    def _show(self, req: falcon.Request, resp: falcon.Response, code: str, media_id, kind: str) -> None:
        self._still.show(resp, self._media(req, code, media_id), kind)

    def _media(self, req: falcon.Request, code: str, media_id) -> Media:
        principal, media = self._door.enter(req, code), self._door.media(media_id)
        required(decide(principal, BROWSE, media, decision_id(req)))
        return media


def asked(req: falcon.Request, parts: bool = False) -> Asked:
    """`parts`: a player asks, who begins at the beginning more than once."""
    begins = (req.env.get("HTTP_RANGE") or "bytes=0-").replace(" ", "").startswith("bytes=0-")
    looks = req.env.get(contract.METHOD.environ) == "HEAD"
    return Asked(client_address(req), (req.user_agent or "")[:400], decision_id(req), begins and not parts, looks)


def address(code: str) -> str:
    return contract.SHARES.path + code


def shown_as(media: Media, principal: Principal) -> str:
    """How its bytes reach a visitor's screen: who may not have the file is shown its renditions, if it has any."""
    if media.delivery == "file" and media.renditions and "download" not in principal.share.rights:
        return "hls"
    return media.delivery


_SHOWN = ("id", "name", "type", "mime", "state", "progress", "created_at", "metadata", "tracks")


def as_json(media: Media, code: str, principal: Principal) -> dict:
    """Like media.as_json, with the addresses of the share and without what is none of a visitor's business."""
    base, rights = address(code), principal.share.rights
    item = with_details(media, principal)
    stills = {f"{kind}_url": f"{base}/{kind}/{media.id}?v={media.revision}" for kind in media.stills}
    may_download = "download" in rights and media.has_plain_file
    may_view = "view" in rights and media.viewable and (media.kind != "document" or may_download)
    return {
        **{name: item[name] for name in _SHOWN},
        **{f"{kind}_url": None for kind in contract.STILL_KINDS},
        **stills,
        "frames_url": f"{base}/frames/{media.id}" if "storyboard" in media.stills else None,
        "delivery": shown_as(media, principal),
        "stream_url": f"{base}/stream/{media.id}",
        "original_url": f"{base}/file/{media.id}" if may_download else None,
        "watch_url": f"{base}/watch/{media.id}" if may_view else None,
        "details": {"chapters": media.facts.get("chapters") or []},
        "error": None,
        "tags": [],
    }

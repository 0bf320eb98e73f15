"""GET /api/media/stream/{id}: a grant, and the playlist, picture or file that it opens; GET /stream/{id}: signed."""

from __future__ import annotations

import uuid

import falcon
from pydantic import Field

from control.domain.media import Media
from control.domain.playlists import master_playlist
from control.domain.rights import VIEW
from control.errors import MediaNotFound, NotAllowed
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.delivery import hand_over, hand_over_original
from control.resources.openapi import describe
from control.resources.outcome import required
from control.resources.shapes import Shape
from control.services.audit import Audit
from control.services.decisions import decide
from control.services.grants import Grants, Opened
from control.services.library import Library
from control.services.links import Links
from control.services.mounts import Mounts
from nginx import contract

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"


class StreamQuery(Shape):
    portable: bool = False
    hls: bool = Field(False, description="A song as encrypted HLS instead of its file")


class Stream:
    def __init__(self, library: Library, grants: Grants, mounts: Mounts, audit: Audit, public_url: str):
        self._library, self._grants, self._mounts = library, grants, mounts
        self._audit, self._public_url = audit, public_url

    @describe("Playing", also={206: None, 303: None}, query=StreamQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """A film's playlist, an encrypted picture, or the file of anything else; a song's playlist where asked for.

        With ?portable=true an address for players without cookies: as JSON where that is asked for, else a redirect.
        """
        principal, media = principal_of(req), self._library.find(str(media_id))
        decision = required(decide(principal, VIEW, media, decision_id(req)))
        portable = req.context.query.portable
        streamed = media.renditions and (portable or req.context.query.hls)
        if media.delivery == "file" and not streamed:
            self._mounts.must_be_here(media)
            return hand_over_original(resp, media)
        if portable and principal.role == "guest":
            raise NotAllowed("Guests play in their browser.", reason="guests_play_in_browsers")
        opened = self._grants.open(principal, media, portable)
        self._audit.record(
            "stream_opened", principal, media_id=media.id, address=client_address(req), decision=decision.id,
            reason="portable" if portable else decision.reason,
        )  # fmt: skip
        if portable and media.delivery != "image":
            return self._portable(req, resp, opened)
        return answer_stream(resp, media, opened)

    def _portable(self, req: falcon.Request, resp: falcon.Response, opened: Opened) -> None:
        """An address for players without a cookie: as JSON where that is asked for, else as a redirect to it."""
        url = f"{self._public_url}{opened.prefix}/{contract.MASTER_PLAYLIST}"
        resp.set_header("Cache-Control", "no-store")
        if "application/json" in req.accept:
            resp.media = {"url": url, "expires": opened.grant.expires_at.isoformat(timespec="seconds")}
        else:
            resp.status, resp.location = falcon.HTTP_303, f"{opened.prefix}/{contract.MASTER_PLAYLIST}"


def answer_stream(resp: falcon.Response, media: Media, opened: Opened) -> None:
    """The playlist, or the encrypted picture with the address of its key."""
    if media.delivery == "image":
        hand_over(resp, contract.accel_vault(media.id, contract.IMAGE), "image/webp")
        resp.set_header(contract.ENCRYPTED.name, "true")
        resp.set_header(contract.KEY_URL.name, f"{opened.prefix}/{contract.IMAGE_RUNG}/key/0")
        return
    resp.content_type = PLAYLIST_TYPE
    resp.set_header("Cache-Control", "no-store")
    resp.text = master_playlist(media.renditions, media.tracks, opened.prefix + "/")


class SignedStream:
    def __init__(self, library: Library, links: Links, mounts: Mounts):
        self._library, self._links, self._mounts = library, links, mounts

    @describe("Links", also={206: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response, stream_id: str) -> None:
        """The original behind a signed link (HMAC-SHA256), with Range."""
        self._links.verify_stream(stream_id, req.query_string, client_address(req))
        named = self._library.find if _is_uuid(stream_id) else self._mounts.media_for_stream
        media = named(stream_id)
        if media is None or not media.has_plain_file:
            raise MediaNotFound()
        self._mounts.must_be_here(media)
        hand_over_original(resp, media)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False

"""GET /api/media/{thumbnail,preview,still}/{id}: the decrypted WebP.

The named exception to "no media byte passes through Python": only a cold cache asks here; Nginx gates every request by
``auth_request`` and answers it from RAM-backed storage.
"""

from __future__ import annotations

import falcon

from control import vault
from control.domain.media import Media
from control.domain.rights import DOWNLOAD
from control.errors import MediaNotFound, StorageUnavailable
from control.resources.credentials import decision_id, principal_of
from control.resources.openapi import describe
from control.resources.outcome import required
from control.services.decisions import decide
from control.services.library import Library
from control.services.memory import Memory
from control.vault.objects import Compartment, Objects
from nginx import contract


class Still:
    def __init__(self, library: Library, keys: Memory[vault.WrappedKey], master: vault.MasterKeys, objects: Objects):
        self._library, self._keys, self._master, self._objects = library, keys, master, objects

    @describe("Library")
    def on_get_thumbnail(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """The animated picture of a film (320 px), or a photo's thumbnail (300 px), as WebP."""
        self._answer(req, resp, "thumbnail", str(media_id))

    @describe("Library")
    def on_get_preview(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """A film's preview: one frame a scene (480 px), as animated WebP."""
        self._answer(req, resp, "preview", str(media_id))

    @describe("Library")
    def on_get_still(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """A film's or song's picture at rest, as WebP."""
        self._answer(req, resp, "still", str(media_id))

    @describe("Library")
    def on_get_storyboard(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """A film's small frames on one sheet, as WebP; /api/media/{id}/storyboard says which is when."""
        self._answer(req, resp, "storyboard", str(media_id))

    @describe("Library")
    def on_get_waveform(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """A song's loudness over its length, white on nothing, as WebP."""
        self._answer(req, resp, "waveform", str(media_id))

    def _answer(self, req: falcon.Request, resp: falcon.Response, kind: str, media_id: str) -> None:
        principal, media = principal_of(req), self._library.find(media_id)
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        self.show(resp, media, kind)

    def show(self, resp: falcon.Response, media: Media, kind: str) -> None:
        """Raises MediaNotFound where there is none of this kind."""
        if kind not in media.stills:
            raise MediaNotFound("It has no picture of this kind (yet).")
        resp.content_type = "image/webp"
        resp.set_header("Cache-Control", "private, max-age=3600")
        resp.data = self._decrypted(media.id, kind)

    def _decrypted(self, media_id: str, kind: str) -> bytes:
        wrapped = self._keys.get(media_id)
        try:
            sealed = Compartment.of(self._objects, media_id).get(contract.still_name(kind))
        except FileNotFoundError:
            raise MediaNotFound() from None
        except OSError as error:
            raise StorageUnavailable() from error
        return vault.unseal(vault.content_key(self._master.unwrap(media_id, wrapped), kind), sealed)

"""GET /api/media/{id}/original: the file as it came, with Range, after a decision."""

from __future__ import annotations

import falcon

from control.domain.rights import DOWNLOAD
from control.errors import NoPlainFile
from control.resources.credentials import decision_id, principal_of
from control.resources.delivery import hand_over_original
from control.resources.openapi import describe
from control.resources.outcome import required
from control.services.decisions import decide
from control.services.library import Library
from control.services.mounts import Mounts


class Original:
    def __init__(self, library: Library, mounts: Mounts):
        self._library, self._mounts = library, mounts

    @describe("Playing", also={206: None})
    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        """The file as it came, with Range (RFC 9110 14); ?download=true as an attachment."""
        principal, media = principal_of(req), self._library.find(str(media_id))
        required(decide(principal, DOWNLOAD, media, decision_id(req)))
        if not media.has_plain_file:
            raise NoPlainFile()
        self._mounts.must_be_here(media)
        hand_over_original(resp, media, attachment=req.get_param_as_bool("download", default=False))

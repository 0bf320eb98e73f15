"""GET /api/media/{id}/original: the file as it came, with Range, after a decision."""

from __future__ import annotations

import falcon

from control.errors import NoPlainFile
from control.resources.credentials import decision_id, signed_in
from control.resources.delivery import hand_over_original
from control.resources.outcome import required
from control.services.decisions import decide
from control.services.library import Library
from control.services.links import has_plain_file
from control.services.sessions import Sessions


class Original:
    def __init__(self, library: Library, sessions: Sessions):
        self._library, self._sessions = library, sessions

    def on_get(self, req: falcon.Request, resp: falcon.Response, media_id) -> None:
        principal, media = signed_in(req, self._sessions), self._library.find(str(media_id))
        required(decide(principal, "download", media, decision_id(req)))
        if not has_plain_file(media):
            raise NoPlainFile()
        hand_over_original(resp, media, attachment=req.get_param_as_bool("download", default=False))

"""GET /api/sessions, DELETE /api/sessions/{id}: the devices of the user, and ending one."""

from __future__ import annotations

import falcon

from control.resources.credentials import client_address, decision_id, signed_in
from control.services.sessions import Sessions


class Collection:
    def __init__(self, sessions: Sessions):
        self._sessions = sessions

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        principal = signed_in(req, self._sessions)
        resp.media = {
            "sessions": [
                {
                    "id": session.id,
                    "device_name": session.device_name,
                    "device_type": session.device_type,
                    "ip_address": session.address,
                    "created_at": session.created_at.isoformat(),
                    "last_activity": session.last_activity_at.isoformat(),
                    "is_current": session.id == principal.session_id,
                }
                for session in self._sessions.devices(principal.user_id)
            ]
        }


class Item:
    def __init__(self, sessions: Sessions):
        self._sessions = sessions

    def on_delete(self, req: falcon.Request, resp: falcon.Response, session_id) -> None:
        principal = signed_in(req, self._sessions)
        self._sessions.end_device(principal, str(session_id), client_address(req), decision_id(req))
        resp.media = {"message": "Session terminated successfully"}

"""GET /api/sessions, DELETE /api/sessions[/{id}]: the devices of the user, and ending them."""

from __future__ import annotations

import falcon

from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.shapes import Devices, Message, device_shape
from control.services.sessions import Sessions


class Ended(Message):
    devices_affected: int


class Collection:
    def __init__(self, sessions: Sessions, max_devices: int):
        self._sessions, self._max_devices = sessions, max_devices

    @describe("Devices", Devices)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The devices that one is signed in on, players included."""
        principal = principal_of(req)
        resp.media = {
            "sessions": [
                device_shape(device, principal.session_id) for device in self._sessions.devices(principal.user_id)
            ],
            "max_devices": self._max_devices,
        }

    @describe("Devices", Ended)
    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End every device but this one."""
        ended = self._sessions.end_others(principal_of(req), client_address(req), decision_id(req))
        resp.media = {"message": "Other sessions terminated successfully", "devices_affected": ended}


class Item:
    def __init__(self, sessions: Sessions):
        self._sessions = sessions

    @describe("Devices", Message)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, session_id) -> None:
        """End one of one's devices (an administrator: anybody's); its film stops within one key period."""
        self._sessions.end_device(principal_of(req), str(session_id), client_address(req), decision_id(req))
        resp.media = {"message": "Session terminated successfully"}

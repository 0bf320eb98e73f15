"""GET /api/sessions, DELETE /api/sessions[/{id}]: the devices of the user, and ending them; /api/admin/sessions:
everybody's."""

from __future__ import annotations

from uuid import UUID

import falcon
from pydantic import Field

from control.domain.sessions import DeviceSession
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.shapes import Devices, DeviceShape, Message, Shape, device_shape
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


class UserDeviceShape(DeviceShape):
    user_id: UUID
    username: str


class UserDevices(Shape):
    sessions: list[UserDeviceShape]


class OfUser(Shape):
    user: UUID | None = Field(None, description="Only this user's")


class Whose(Shape):
    user: UUID


def user_device_shape(device: DeviceSession, current: str | None) -> dict:
    return device_shape(device, current) | {"user_id": device.user_id, "username": device.username}


class Everybodys:
    def __init__(self, sessions: Sessions):
        self._sessions = sessions

    @describe("Administration", UserDevices, query=OfUser)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Everybody's devices, players included, the most recently active first."""
        user, principal = req.context.query.user, principal_of(req)
        found = self._sessions.devices(user and str(user))
        resp.media = {"sessions": [user_device_shape(device, principal.session_id) for device in found]}

    @describe("Administration", Ended, query=Whose)
    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End every device of a user."""
        user = str(req.context.query.user)
        ended = self._sessions.end_devices_of(user, principal_of(req), client_address(req), decision_id(req))
        resp.media = {"message": "All sessions of the user terminated", "devices_affected": ended}

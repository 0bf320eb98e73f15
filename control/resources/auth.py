"""POST /api/auth/{login,refresh,logout,password}, GET /api/auth/me."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import falcon
from pydantic import Field, RootModel

from control.domain.sessions import Principal
from control.errors import ControlError, SignInRequired
from control.resources import cookies
from control.resources.credentials import asker, client_address, decision_id, device, in_background, principal_of
from control.resources.openapi import describe
from control.resources.shapes import Message, Shape, Text, TooManyDevicesProblem, UserShape
from control.services.identity import Identity
from control.services.passwords import LONGEST
from control.services.sessions import Sessions, SignedIn
from control.services.sign_ins import SignIns
from control.services.users import Users
from nginx import contract

Password = Annotated[str, Field(max_length=LONGEST)]


class ByPassword(Shape):
    username: str = Field(min_length=1, max_length=320, description="User name or e-mail", examples=["ann"])
    password: Password = Field(min_length=1)
    device_name: Text | None = Field(None, examples=["Chrome on MacBook"])


class ByChoice(Shape):
    """The answer to AUTH_010: which devices to end."""

    choice_token: str = Field(min_length=1, max_length=2000)
    end_sessions: list[UUID] = Field([], max_length=100)
    device_name: Text | None = None


class Credentials(RootModel[ByPassword | ByChoice]):
    """User name and password, or the choice token and the devices to end."""


class SignedInShape(Shape):
    access_token: str
    refresh_token: str
    expires_in: int = Field(description="Seconds")
    user: UserShape


class RefreshBody(Shape):
    refresh_token: Annotated[str, Field(max_length=2000)] | None = Field(None, description="Default: its cookie")


class Refreshed(Shape):
    access_token: str
    refresh_token: str | None = Field(None, description="Takes the place of the one that was sent")
    expires_in: int


class LogoutBody(Shape):
    refresh_token: Annotated[str, Field(max_length=2000)] | None = None
    logout_all_devices: bool = False


class LoggedOut(Message):
    devices_affected: int


class NewPassword(Shape):
    current: Password
    new: Password


class Login:
    def __init__(self, sign_ins: SignIns, refresh_seconds: int):
        self._sign_ins, self._refresh_seconds = sign_ins, refresh_seconds

    @describe("Sign-in", SignedInShape, body=Credentials, also={409: TooManyDevicesProblem})
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Sign in; too many devices answer 409 with the devices and a token to choose by."""
        body: ByPassword | ByChoice = req.context.json.root
        asking = device(req, body.device_name)
        opened = self._opened(body, asking, decision_id(req))
        cookies.set_session(resp, opened, self._refresh_seconds, asking.id)
        resp.media = signed_in_shape(opened)

    def _opened(self, body: ByPassword | ByChoice, asking, decision: str) -> SignedIn:
        if isinstance(body, ByChoice):
            return self._sign_ins.by_choice(body.choice_token, list(map(str, body.end_sessions)), asking, decision)
        return self._sign_ins.by_password(body.username, body.password, asking, decision)


def signed_in_shape(opened: SignedIn) -> dict:
    return {
        "access_token": opened.access_token,
        "refresh_token": opened.refresh_token,
        "expires_in": opened.expires_in,
        "user": opened.user.public(),
    }


class Refresh:
    def __init__(self, sessions: Sessions, refresh_seconds: int):
        self._sessions, self._refresh_seconds = sessions, refresh_seconds

    @describe("Sign-in", Refreshed, body=RefreshBody)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Exchange a refresh token; using one twice ends the session."""
        token = req.context.json.refresh_token or req.cookies.get(contract.REFRESH_COOKIE.name)
        if not token:
            raise SignInRequired()
        opened = self._sessions.refresh(token, device(req), decision_id(req), not in_background(req))
        cookies.set_session(resp, opened, self._refresh_seconds)
        resp.media = {"access_token": opened.access_token, "expires_in": opened.expires_in}
        if opened.refresh_token:
            resp.media["refresh_token"] = opened.refresh_token


class Logout:
    def __init__(self, sessions: Sessions, identity: Identity):
        self._sessions, self._identity = sessions, identity

    @describe("Sign-in", LoggedOut, body=LogoutBody)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End this device's session, or all of the user's; a session that is dead already counts as 0."""
        body: LogoutBody = req.context.json
        ended = sign_out(req, self._sessions, self._identity, body.logout_all_devices, body.refresh_token)
        cookies.clear_session(resp)
        resp.media = {"message": "Logged out successfully", "devices_affected": ended}


def sign_out(
    req: falcon.Request, sessions: Sessions, identity: Identity, everywhere: bool = False, token: str | None = None
) -> int:
    """End what the request is signed in as; a dead session is signed out already (0)."""
    try:
        principal: Principal = sessions.of_refresh_token(token) if token else asker(req, identity)
    except ControlError as error:
        if error.status != 401:
            raise
        return 0
    if principal.session_id is None:
        return 0
    return sessions.sign_out(principal, everywhere, client_address(req), decision_id(req))


class Me:
    @describe("Account", UserShape)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Who one is."""
        principal = principal_of(req)
        resp.media = {
            "id": principal.user_id,
            "username": principal.username,
            "full_name": principal.full_name,
            "role": principal.role,
        }


class OwnPassword:
    """A new password ends every session; the one that asked goes on under a new id (ASVS 7.2.4)."""

    def __init__(self, users: Users, sessions: Sessions, refresh_seconds: int):
        self._users, self._sessions, self._refresh_seconds = users, sessions, refresh_seconds

    @describe("Account", SignedInShape, body=NewPassword)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Change one's password; every other device is signed out."""
        body: NewPassword = req.context.json
        opened = self.change(req, resp, body.current, body.new)
        resp.media = signed_in_shape(opened)

    def change(self, req: falcon.Request, resp: falcon.Response, current: str, new: str) -> SignedIn:
        principal, asking = principal_of(req), device(req)
        self._users.change_own_password(principal, current, new)
        opened = self._sessions.open(self._users.get(principal.user_id), asking, "password")
        cookies.set_session(resp, opened, self._refresh_seconds, asking.id)
        return opened

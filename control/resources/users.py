"""/api/admin/users: who may sign in, as administrators see and change them. It acts on live sessions at once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import falcon
from pydantic import Field, field_validator

from control.domain.users import Role, User, UserSummary
from control.resources.credentials import client_address, decision_id, principal_of
from control.resources.openapi import describe
from control.resources.shapes import Message, Pagination, Shape, UserShape
from control.services.passwords import new_password
from control.services.users import LONGEST_NAME, Users

LARGEST_PAGE = 200

Bytes = Annotated[int, Field(ge=0, le=1 << 60, strict=True)]
Streams = Annotated[int, Field(ge=0, le=1000, strict=True)]
FullName = Annotated[str, Field(max_length=200)]
Email = Annotated[str, Field(max_length=320, pattern=r"^[^@\s\x00]+@[^@\s\x00]+$")]


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("a name is printable")
    return name


class UsersQuery(Shape):
    query: Annotated[str, Field(max_length=200)] = Field("", description="A part of a name or an e-mail")
    role: Role | None = None
    state: Literal["active", "disabled"] | None = None
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE)] = 50

    @property
    def active(self) -> bool | None:
        return None if self.state is None else self.state == "active"


class NewUser(Shape):
    username: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    password: Annotated[str, Field(max_length=1024)] | None = Field(None, description="None: one is made and answered")
    role: Role = "viewer"
    full_name: FullName = ""
    email: Email | None = None
    quota_bytes: Bytes | None = Field(None, description="None: that of the settings; 0: no limit")

    _printable = field_validator("full_name")(_printable)


class UserChange(Shape):
    """Fields that are left out stay as they are."""

    role: Role | None = None
    active: bool | None = None
    full_name: FullName | None = None
    email: Email | None = Field(None, description="null: none")
    quota_bytes: Bytes | None = Field(None, description="null: that of the settings; 0: no limit")
    max_streams: Streams | None = Field(None, description="Watched at once; null: those of the settings; 0: no limit")

    @field_validator("full_name")
    @classmethod
    def _printable(cls, name: str | None) -> str | None:
        return name and _printable(name)


class NewPassword(Shape):
    password: Annotated[str, Field(max_length=1024)] | None = Field(None, description="None: one is made and answered")


class Leaving(Shape):
    media: Literal["hand_over", "trash", "keep"] = Field("hand_over", description="keep: they become nobody's")
    to: UUID | None = Field(None, description="Who gets them; default: who asks")


class AdminUserShape(UserShape):
    active: bool
    has_password: bool = Field(description="False: they come by another system's tokens")
    created_at: datetime
    last_sign_in: datetime | None
    last_seen: datetime | None
    sessions: int = Field(description="Devices that are signed in")
    media: int
    used_bytes: int = Field(description="Of their uploads")
    quota_bytes: int | None = Field(description="null: that of the settings; 0: no limit")
    max_streams: int | None = Field(description="Watched at once; null: those of the settings; 0: no limit")


class MadeUserShape(AdminUserShape):
    password: str | None = Field(description="The one that was made, now and never again; null where it was given")


class UserPage(Shape):
    data: list[AdminUserShape]
    pagination: Pagination


class PasswordSet(Shape):
    password: str | None = Field(description="The one that was made, now and never again; null where it was given")
    sessions_ended: int


class Removed(Message):
    sessions_ended: int


def user_shape(user: UserSummary) -> dict:
    seen = max(filter(None, [user.last_seen_at, user.last_sign_in_at]), default=None)
    return {
        "id": user.id, "username": user.username, "full_name": user.full_name, "email": user.email, "role": user.role,
        "active": user.active, "has_password": user.has_password, "created_at": _iso(user.created_at),
        "last_sign_in": _iso(user.last_sign_in_at), "last_seen": _iso(seen), "sessions": user.sessions,
        "media": user.media, "used_bytes": user.used_bytes, "quota_bytes": user.quota_bytes,
        "max_streams": user.max_streams,
    }  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return moment and moment.isoformat(timespec="seconds")


def page_of(users: Users, wanted: UsersQuery) -> dict:
    """One page of users with its pagination."""
    query = wanted.query.strip().replace("\0", "")
    found, total = users.page(query, wanted.role, wanted.active, wanted.limit, (wanted.page - 1) * wanted.limit)
    pagination = {
        "total": total, "total_is_capped": False, "page": wanted.page, "limit": wanted.limit,
        "pages": -(-total // wanted.limit),
    }  # fmt: skip
    return {"data": [user_shape(user) for user in found], "pagination": pagination}


class Changes:
    """What administrators do to users, for the API and the pages alike: with who, from where, by which decision."""

    def __init__(self, users: Users):
        self._users = users

    def create(self, req: falcon.Request, new: NewUser) -> tuple[User, str | None]:
        """The user, and the password that was made for them."""
        made = None if new.password is not None else new_password()
        by, where = principal_of(req), _where(req)
        user = self._users.create(
            new.username, new.password if made is None else made, new.role, new.full_name, new.email, by, **where
        )
        if new.quota_bytes is not None:
            self._users.describe(user, {"quota_bytes": new.quota_bytes}, by, **where)
        return user, made

    def change(self, req: falcon.Request, user_id: str, change: UserChange) -> None:
        """What `change` names; what could lock somebody out comes first, so that nothing is done by half."""
        user, given = self._users.get(user_id), change.model_fields_set
        by, where = principal_of(req), _where(req)
        if change.active is False:
            self._users.disable(user, by, **where)
        if change.role is not None and change.role != user.role:
            self._users.set_role(user, change.role, by, **where)
        if change.active and not user.active:
            self._users.enable(user, by, **where)
        if "max_streams" in given and change.max_streams != user.max_streams:
            self._users.set_max_streams(user, change.max_streams, by, **where)
        fields = {name: getattr(change, name) for name in ("full_name", "email", "quota_bytes") if name in given}
        if "full_name" in fields:
            fields["full_name"] = fields["full_name"] or ""
        self._users.describe(user, fields, by, **where)

    def set_password(self, req: falcon.Request, user_id: str, password: str | None) -> tuple[int, str | None]:
        """How many sessions that ended, and the password that was made."""
        made = None if password is not None else new_password()
        user = self._users.get(user_id)
        ended = self._users.set_password(user, password if made is None else made, principal_of(req), **_where(req))
        return ended, made

    def delete(self, req: falcon.Request, user_id: str, leaving: Leaving) -> int:
        """How many sessions that ended."""
        by = principal_of(req)
        heir = self._users.get(str(leaving.to or by.user_id)) if leaving.media == "hand_over" else None
        return self._users.delete(self._users.get(user_id), by, heir, leaving.media == "trash", **_where(req))


def _where(req: falcon.Request) -> dict[str, str]:
    return {"address": client_address(req), "decision": decision_id(req)}


class Collection:
    def __init__(self, users: Users):
        self._users, self._changes = users, Changes(users)

    @describe("Administration", UserPage, query=UsersQuery)
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Users by name, with what they keep and when they were seen."""
        resp.media = page_of(self._users, req.context.query)

    @describe("Administration", MadeUserShape, status=201, body=NewUser)
    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Make a user."""
        user, made = self._changes.create(req, req.context.json)
        resp.status = falcon.HTTP_201
        resp.media = user_shape(self._users.summary(user.id)) | {"password": made}


class Item:
    def __init__(self, users: Users):
        self._users, self._changes = users, Changes(users)

    @describe("Administration", AdminUserShape)
    def on_get(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        """One user."""
        resp.media = user_shape(self._users.summary(str(user_id)))

    @describe("Administration", AdminUserShape, body=UserChange)
    def on_patch(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        """Change a user; another role acts on their next request, disabling ends all of their devices."""
        self._changes.change(req, str(user_id), req.context.json)
        resp.media = user_shape(self._users.summary(str(user_id)))

    @describe("Administration", Removed, query=Leaving)
    def on_delete(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        """Remove a user; their media are handed over to whoever asks, unless told otherwise."""
        ended = self._changes.delete(req, str(user_id), req.context.query)
        resp.media = {"message": "The user is removed", "sessions_ended": ended}

    @describe("Administration", PasswordSet, body=NewPassword)
    def on_post_password(self, req: falcon.Request, resp: falcon.Response, user_id) -> None:
        """Give a user another password, and end all of their devices."""
        ended, made = self._changes.set_password(req, str(user_id), req.context.json.password)
        resp.media = {"password": made, "sessions_ended": ended}

"""Users: creating and changing them. Whatever narrows a user's rights acts on live sessions and tokens at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from control.domain.sessions import Principal
from control.domain.users import ROLES, User, UserSummary
from control.errors import BadRequest, LockedOut, NameTaken, UserNotFound, WrongPassword
from control.services.audit import Audit
from control.services.passwords import Passwords
from control.services.service_tokens import ServiceTokens
from control.services.sessions import Sessions
from control.services.shares import Shares
from control.services.trash import Trash

LONGEST_NAME = 50

# Whoever may run a command on the data directory may do everything in it.
OPERATOR = Principal("session", username="operator", role="admin")


class Users:
    """`by` is who does it, and `where` its address and decision, for the audit trail.

    Nobody locks themselves out, and an active administrator always stays. `told(user)` hears of every change.
    """

    def __init__(
        self, users, passwords: Passwords, sessions: Sessions, service_tokens: ServiceTokens, shares: Shares,
        trash: Trash, audit: Audit, publish: Callable[[str, str], None], told: Callable[[str], None],
        idle_minutes: int,
    ):  # fmt: skip
        self._users, self._passwords, self._sessions = users, passwords, sessions
        self._service_tokens, self._shares, self._trash, self._audit = service_tokens, shares, trash, audit
        self._publish, self._told, self._idle = publish, told, timedelta(minutes=idle_minutes)

    def all(self) -> list[User]:
        return self._users.all()

    def page(
        self, query: str, role: str | None, active: bool | None, limit: int, offset: int
    ) -> tuple[list[UserSummary], int]:
        """Those whose name or e-mail holds `query`, by name, and how many there are in all."""
        return self._users.summaries(query, role, active, self._alive_since(), limit, offset)

    def summary(self, user_id: str) -> UserSummary:
        """Raises UserNotFound."""
        found = self._users.summary(user_id, self._alive_since())
        if found is None:
            raise UserNotFound()
        return found

    def admins(self) -> list[User]:
        """Those that are active."""
        return self._users.admins()

    def _alive_since(self) -> datetime:
        return datetime.now(UTC) - self._idle

    def find(self, login: str) -> User:
        """By user name or e-mail; raises UserNotFound."""
        user = self._users.find_by_login(login)
        if user is None:
            raise UserNotFound()
        return user

    def get(self, user_id: str) -> User:
        """By id; raises UserNotFound."""
        user = self._users.find(user_id)
        if user is None:
            raise UserNotFound()
        return user

    def create(
        self, username: str, password: str | None, role: str = "viewer", full_name: str = "",
        email: str | None = None, by: Principal = OPERATOR, **where: str,
    ) -> User:  # fmt: skip
        """`password` None: the user comes by a token of another issuer, or gets a password later.

        Raises BadRequest for a bad role or a weak password, NameTaken.
        """
        if password is not None:
            self._passwords.check_rules(password)
        stored = "" if password is None else self._passwords.hash(password)
        return self._create(username, stored, role, full_name, email, by, **where)

    def create_with_hash(
        self, username: str, stored: str, role: str = "viewer", full_name: str = "", email: str | None = None,
        by: Principal = OPERATOR, **where: str,
    ) -> User:  # fmt: skip
        """A user of another system, with the hash from there (Argon2 or bcrypt); raises BadRequest."""
        self._passwords.check_hash(stored)
        return self._create(username, stored, role, full_name, email, by, **where)

    def _create(
        self, username: str, stored: str, role: str, full_name: str, email: str | None, by: Principal, **where: str
    ) -> User:  # fmt: skip
        _check_role(role)
        check_name(username)
        user = self._users.create(username, stored, role, full_name, email)
        if user is None:
            raise NameTaken(f"A user called {username!r}, or with that e-mail, is there already.")
        self._record("user_created", by, user, role, **where)
        return user

    def set_password(self, user: User, password: str, by: Principal = OPERATOR, **where: str) -> int:
        """Change the password and end every session; returns how many. Raises BadRequest for a weak one."""
        self._passwords.check_rules(password)
        self._users.set_password_hash(user.id, self._passwords.hash(password))
        self._record("password_changed", by, user, **where)
        return self._sessions.end_all_of(user.id, "password changed")

    def change_own_password(self, principal: Principal, current: str, new: str) -> int:
        """Raises WrongPassword, or BadRequest for a weak one."""
        user = self.get(principal.user_id)
        if not self._passwords.verify(user.password_hash, current):
            raise WrongPassword()
        return self.set_password(user, new, by=principal)

    def describe(self, user: User, fields: Mapping[str, Any], by: Principal = OPERATOR, **where: str) -> None:
        """Another full_name, email or quota_bytes; raises NameTaken where that e-mail is somebody else's."""
        known = self.summary(user.id)
        changed = {name: value for name, value in fields.items() if value != getattr(known, name)}
        if changed and not self._users.describe(user.id, changed):
            raise NameTaken("Somebody else has that e-mail.")
        if changed:
            self._record("user_changed", by, user, ", ".join(sorted(changed)).replace("_", " "), **where)

    def set_role(self, user: User, role: str, by: Principal = OPERATOR, **where: str) -> None:
        """The next request of every live session and token is judged by the new role. Raises BadRequest, LockedOut."""
        _check_role(role)
        if role != "admin":
            _check_other(user, by)
        if not self._users.set_role(user.id, role):
            raise LockedOut()
        self._record("role_changed", by, user, f"{user.role} to {role}", **where)
        self._sessions.judge_again(user.id)
        self._service_tokens.judge_again(user.id)
        self._shares.judge_again(user.id)

    def set_max_streams(self, user: User, streams: int | None, by: Principal = OPERATOR, **where: str) -> None:
        """How many streams the user may watch at once (0: no limit, None: what the settings say); new ones heed it."""
        self._users.set_max_streams(user.id, streams)
        self._record("stream_limit_changed", by, user, "default" if streams is None else str(streams), **where)
        self._sessions.judge_again(user.id)
        self._service_tokens.judge_again(user.id)

    def disable(self, user: User, by: Principal = OPERATOR, **where: str) -> int:
        """Switch the user off and end every session; returns how many. Raises LockedOut."""
        _check_other(user, by)
        if not self._users.set_active(user.id, False):
            raise LockedOut()
        self._record("user_disabled", by, user, **where)
        self._service_tokens.judge_again(user.id)
        self._shares.judge_again(user.id)
        return self._sessions.end_all_of(user.id, "user disabled")

    def enable(self, user: User, by: Principal = OPERATOR, **where: str) -> None:
        self._users.set_active(user.id, True)
        self._record("user_enabled", by, user, **where)
        self._service_tokens.judge_again(user.id)
        self._shares.judge_again(user.id)

    def delete(
        self, user: User, by: Principal = OPERATOR, heir: User | None = None, discard: bool = False, **where: str
    ) -> int:  # fmt: skip
        """Remove the user and end every session; returns how many.

        Media become those of `heir` (None: nobody's), once they have been put into the trash where they are to be
        discarded; mounted ones never are. Raises LockedOut, and BadRequest for an heir who is not there to take them.
        """
        _check_other(user, by)
        if heir is not None and (heir.id == user.id or not heir.active):
            raise BadRequest("Media are handed over to somebody else, who is active.")
        if not self._users.set_active(user.id, False):  # from here on nothing of theirs opens anything
            raise LockedOut()
        ended, codes = self._sessions.end_all_of(user.id, "user deleted"), self._shares.codes_of(user.id)
        self._service_tokens.end_all_of(user.id)
        trashed = self._trash.put_all_of(user.id, by, **where) if discard else 0
        handed = self._users.delete(user.id, heir and heir.id)
        to = "the trash" if discard else heir.username if heir else "nobody"
        self._record("user_deleted", by, user, f"{trashed or len(handed)} media to {to}", **where)
        self._shares.forget(codes)
        for media in handed:
            self._publish("media", media)
        return ended

    def _record(self, event: str, by: Principal, user: User, reason: str = "", **where: str) -> None:
        self._audit.record(event, by, reason=reason, details={"user": user.username, "user_id": user.id}, **where)
        self._told(user.id)


def check_name(username: str) -> None:
    """Raises BadRequest for what cannot be a user name."""
    if not 1 <= len(username.strip()) <= LONGEST_NAME or not username.isprintable() or "@" in username:
        raise BadRequest(
            f"A user name has 1 to {LONGEST_NAME} printable characters, and no @ (that is for e-mail addresses)."
        )


def _check_other(user: User, by: Principal) -> None:
    if user.id == by.user_id:
        raise LockedOut("You would lock yourself out: ask another administrator.")


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise BadRequest(f"A role is one of {', '.join(ROLES)}.")

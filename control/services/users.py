"""Users: creating and changing them. Whatever narrows a user's rights acts on live sessions and tokens at once."""

from __future__ import annotations

from control.domain.sessions import Principal
from control.domain.users import ROLES, User
from control.errors import BadRequest, NameTaken, UserNotFound, WrongPassword
from control.services.audit import Audit
from control.services.passwords import Passwords
from control.services.service_tokens import ServiceTokens
from control.services.sessions import Sessions
from control.services.shares import Shares

# Whoever may run a command on the data directory may do everything in it.
OPERATOR = Principal("session", username="operator", role="admin")


class Users:
    """`by` is who does it, for the audit trail."""

    def __init__(
        self, users, passwords: Passwords, sessions: Sessions, service_tokens: ServiceTokens, shares: Shares,
        audit: Audit,
    ):  # fmt: skip
        self._users, self._passwords, self._sessions = users, passwords, sessions
        self._service_tokens, self._shares, self._audit = service_tokens, shares, audit

    def all(self) -> list[User]:
        return self._users.all()

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
        email: str | None = None, by: Principal = OPERATOR,
    ) -> User:  # fmt: skip
        """`password` None: the user comes by a token of another issuer, or gets a password later.

        Raises BadRequest for a bad role or a weak password, NameTaken.
        """
        if password is not None:
            self._passwords.check_rules(password)
        stored = "" if password is None else self._passwords.hash(password)
        return self._create(username, stored, role, full_name, email, by)

    def create_with_hash(
        self, username: str, stored: str, role: str = "viewer", full_name: str = "", email: str | None = None,
        by: Principal = OPERATOR,
    ) -> User:  # fmt: skip
        """A user of another system, with the hash from there (Argon2 or bcrypt); raises BadRequest."""
        self._passwords.check_hash(stored)
        return self._create(username, stored, role, full_name, email, by)

    def _create(self, username: str, stored: str, role: str, full_name: str, email: str | None, by: Principal) -> User:
        _check_role(role)
        if not username.strip() or not username.isprintable() or "@" in username:
            raise BadRequest("A user name is printable and holds no @ (that is what e-mail addresses are for).")
        user = self._users.create(username, stored, role, full_name, email)
        if user is None:
            raise NameTaken(f"A user called {username!r}, or with that e-mail, is there already.")
        self._record("user_created", by, user, role)
        return user

    def create_first_admin(self, password: str) -> User | None:
        """Create `admin` in an empty system; None where there are users already."""
        if self._users.all():
            return None
        return self.create("admin", password, "admin", "Administrator")

    def set_password(self, user: User, password: str, by: Principal = OPERATOR) -> int:
        """Change the password and end every session; returns how many. Raises BadRequest for a weak one."""
        self._passwords.check_rules(password)
        self._users.set_password_hash(user.id, self._passwords.hash(password))
        self._record("password_changed", by, user)
        return self._sessions.end_all_of(user.id, "password changed")

    def change_own_password(self, principal: Principal, current: str, new: str) -> int:
        """Raises WrongPassword, or BadRequest for a weak one."""
        user = self.get(principal.user_id)
        if not self._passwords.verify(user.password_hash, current):
            raise WrongPassword()
        return self.set_password(user, new, by=principal)

    def set_role(self, user: User, role: str, by: Principal = OPERATOR) -> None:
        """The next request of every live session and token is judged by the new role."""
        _check_role(role)
        if role != "admin":
            self._keep_an_admin(user)
        self._users.set_role(user.id, role)
        self._record("role_changed", by, user, f"{user.role} to {role}")
        self._sessions.judge_again(user.id)
        self._service_tokens.judge_again(user.id)
        self._shares.judge_again(user.id)

    def set_max_streams(self, user: User, streams: int | None, by: Principal = OPERATOR) -> None:
        """How many streams the user may watch at once (0: no limit, None: what the settings say); new ones heed it."""
        self._users.set_max_streams(user.id, streams)
        self._record("stream_limit_changed", by, user, "default" if streams is None else str(streams))
        self._sessions.judge_again(user.id)
        self._service_tokens.judge_again(user.id)

    def disable(self, user: User, by: Principal = OPERATOR) -> int:
        """Switch the user off and end every session; returns how many."""
        self._keep_an_admin(user)
        self._users.set_active(user.id, False)
        self._record("user_disabled", by, user)
        self._service_tokens.judge_again(user.id)
        self._shares.judge_again(user.id)
        return self._sessions.end_all_of(user.id, "user disabled")

    def enable(self, user: User, by: Principal = OPERATOR) -> None:
        self._users.set_active(user.id, True)
        self._record("user_enabled", by, user)
        self._service_tokens.judge_again(user.id)
        self._shares.judge_again(user.id)

    def delete(self, user: User, by: Principal = OPERATOR) -> int:
        """Remove the user and end every session; returns how many. Media stay."""
        self._keep_an_admin(user)
        ended = self._sessions.end_all_of(user.id, "user deleted")
        self._record("user_deleted", by, user)
        self._service_tokens.end_all_of(user.id)
        codes = self._shares.codes_of(user.id)
        self._users.delete(user.id)
        self._shares.forget(codes)
        return ended

    def _record(self, event: str, by: Principal, user: User, reason: str = "") -> None:
        self._audit.record(event, by, reason=reason, details={"user": user.username, "user_id": user.id})

    def _keep_an_admin(self, user: User) -> None:
        others = [
            other for other in self._users.all() if other.id != user.id and other.active and other.role == "admin"
        ]
        if user.role == "admin" and not others:
            raise BadRequest("This is the last active administrator: make another one first.")


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise BadRequest(f"A role is one of {', '.join(ROLES)}.")

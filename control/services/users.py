"""Users: creating and changing them. Whatever narrows a user's rights acts on live sessions at once."""

from __future__ import annotations

from control.domain.users import ROLES, User
from control.errors import BadRequest, UserNotFound
from control.services.passwords import Passwords
from control.services.sessions import Sessions


class Users:
    def __init__(self, users, passwords: Passwords, sessions: Sessions):
        self._users, self._passwords, self._sessions = users, passwords, sessions

    def all(self) -> list[User]:
        return self._users.all()

    def find(self, login: str) -> User:
        """By user name or e-mail; raises UserNotFound."""
        user = self._users.find_by_login(login)
        if user is None:
            raise UserNotFound()
        return user

    def create(
        self, username: str, password: str, role: str = "viewer", full_name: str = "", email: str | None = None
    ) -> User:
        """Raises BadRequest for a bad role, a weak password or a name that is taken."""
        _check_role(role)
        self._passwords.check_rules(password)
        user = self._users.create(username, self._passwords.hash(password), role, full_name, email)
        if user is None:
            raise BadRequest(f"The name {username!r} or the e-mail is taken.")
        return user

    def create_first_admin(self, password: str) -> User | None:
        """Create `admin` in an empty system; None where there are users already."""
        if self._users.all():
            return None
        return self.create("admin", password, "admin", "Administrator")

    def set_password(self, user: User, password: str) -> int:
        """Change the password and end every session; returns how many. Raises BadRequest for a weak one."""
        self._passwords.check_rules(password)
        self._users.set_password_hash(user.id, self._passwords.hash(password))
        return self._sessions.end_all_of(user.id, "password changed")

    def set_role(self, user: User, role: str) -> None:
        """The next request of every live session is judged by the new role."""
        _check_role(role)
        if role != "admin":
            self._keep_an_admin(user)
        self._users.set_role(user.id, role)
        self._sessions.judge_again(user.id)

    def disable(self, user: User) -> int:
        """Switch the user off and end every session; returns how many."""
        self._keep_an_admin(user)
        self._users.set_active(user.id, False)
        return self._sessions.end_all_of(user.id, "user disabled")

    def enable(self, user: User) -> None:
        self._users.set_active(user.id, True)

    def delete(self, user: User) -> int:
        """Remove the user and end every session; returns how many. Media stay."""
        self._keep_an_admin(user)
        ended = self._sessions.end_all_of(user.id, "user deleted")
        self._users.delete(user.id)
        return ended

    def _keep_an_admin(self, user: User) -> None:
        others = [
            other for other in self._users.all() if other.id != user.id and other.active and other.role == "admin"
        ]
        if user.role == "admin" and not others:
            raise BadRequest("This is the last active administrator: make another one first.")


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise BadRequest(f"A role is one of {', '.join(ROLES)}.")

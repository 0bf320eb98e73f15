"""Users: creating them and changing their passwords."""

from __future__ import annotations

from control.domain.users import ROLES, User
from control.errors import BadRequest
from control.services.passwords import Passwords


class Users:
    def __init__(self, users, passwords: Passwords):
        self._users, self._passwords = users, passwords

    def all(self) -> list[User]:
        return self._users.all()

    def create(
        self, username: str, password: str, role: str = "viewer", full_name: str = "", email: str | None = None
    ) -> User:
        """Raises BadRequest for a bad role, a weak password or a name that is taken."""
        if role not in ROLES:
            raise BadRequest(f"A role is one of {', '.join(ROLES)}.")
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

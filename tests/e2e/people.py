"""People of the tests' own: users with every role, and every kind of credential, alive and dead."""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass, field

from control.services.tokens import SigningKeys, Tokens
from tests.stack import PATIENCE, Client, Stack

PASSWORD = "Test-pass-1"
_HASH = "$argon2id$v=19$m=19456,t=3,p=4$OpBmZJjTdDhUO7oSVbfWlA$xb/3NMs47Ff1o6XAymbhb1DTzRKA3ppsrayQs6tfdVE"


def add_user(stack: Stack, role: str = "viewer", name: str | None = None, **options: str) -> str:
    """A user of the test's own with PASSWORD; returns the name."""
    name = name or f"{role}-{secrets.token_hex(4)}"
    if not options:  # the command takes twenty times as long
        stack.query(f"INSERT INTO users (username, role, password_hash) VALUES ('{name}', '{role}', '{_HASH}')")
        return name
    flags = [part for option, value in options.items() for part in (f"--{option}", value)]
    stack.sluice("user", "add", name, "--role", role, "--password-stdin", *flags, given=PASSWORD)
    return name


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(name: str, password: str = PASSWORD) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def sign_in(stack: Stack, name: str) -> dict:
    """The answer of a sign-in on a device of its own."""
    answer = stack.session(None).post("/api/auth/login", json={"username": name, "password": PASSWORD})
    answer.raise_for_status()
    return answer.json()


def expired_token(stack: Stack, name: str) -> str:
    """An access token of a live session that ran out an hour ago."""
    keys = SigningKeys.from_file(stack.data / "keys/tokens.json")
    user = stack.query(f"SELECT id FROM users WHERE username = '{name}'")
    session = stack.query(f"SELECT id FROM sessions WHERE user_id = '{user}' AND ended_at IS NULL LIMIT 1")
    return Tokens(keys, access_seconds=-3600, refresh_seconds=60).mint("access", user, session)[0]


@dataclass
class Crowd:
    """Everybody who may ask, by name; credentials are made when they are needed."""

    stack: Stack
    owner: str
    users: dict[str, str] = field(default_factory=dict)
    _made: dict[str, dict[str, str]] = field(default_factory=dict)

    NAMES = ("anonymous", "guest", "viewer", "owner", "editor", "admin", "token", "expired", "revoked")

    def client(self, who: str) -> Client:
        client = self.stack.session(None)
        client.headers.update(self._made.get(who) or self._make(who))
        return client

    def forget(self) -> None:
        """The credentials have been used up."""
        self._made.clear()

    def _make(self, who: str) -> dict[str, str]:
        self._made[who] = getattr(self, f"_{who}", lambda: self._user(who))()
        return self._made[who]

    def _user(self, role: str) -> dict[str, str]:
        name = self.users.get(role) or self.users.setdefault(role, add_user(self.stack, role))
        return bearer(sign_in(self.stack, name)["access_token"])

    def _anonymous(self) -> dict[str, str]:
        return {}

    def _owner(self) -> dict[str, str]:
        return bearer(sign_in(self.stack, self.owner)["access_token"])

    def _token(self) -> dict[str, str]:
        """A service token of the owner that may see the library, and nothing else."""
        name = secrets.token_hex(4)
        return bearer(self.stack.sluice("token", "mint", name, "--user", self.owner, "--scope", "library").strip())

    def _expired(self) -> dict[str, str]:
        name = add_user(self.stack, "admin")
        sign_in(self.stack, name)
        return bearer(expired_token(self.stack, name))

    def _revoked(self) -> dict[str, str]:
        """An administrator's session that was ended."""
        token = sign_in(self.stack, add_user(self.stack, "admin"))["access_token"]
        self.stack.session(None).post("/api/auth/logout", headers=bearer(token), json={}).raise_for_status()
        return bearer(token)


def wait_until(condition, seconds: float = PATIENCE, what: str = "it did not come true") -> None:
    """Wait for what must come true, at least PATIENCE, however busy the machine is; nothing is said about its speed."""
    deadline = time.monotonic() + max(seconds, PATIENCE)
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)

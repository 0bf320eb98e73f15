"""Clients of both planes, as thin as they can be."""

from __future__ import annotations

import base64
import hashlib
import secrets
from pathlib import Path

from control.services.tokens import SigningKeys, Tokens
from tests.e2e.people import bearer
from tests.stack import Client, Stack


class Person:
    """A user of the test's own, with the password of `admin` (the command that makes users takes its time)."""

    def __init__(self, stack: Stack, role: str = "viewer", quota: int | None = None):
        self.stack, self.name = stack, f"{role}-{secrets.token_hex(4)}"
        self.id = stack.query(
            f"""INSERT INTO users (username, role, password_hash, quota_bytes)
                SELECT '{self.name}', '{role}', password_hash, {"NULL" if quota is None else quota}
                FROM users WHERE username = 'admin' RETURNING id"""
        ).splitlines()[0]

    def token(self) -> str:
        """Of a new session."""
        account = {"username": self.name, "password": self.stack.admin_password}
        answer = self.stack.session(None).post("/api/auth/login", json=account)
        answer.raise_for_status()
        return answer.json()["access_token"]

    def client(self) -> Client:
        return with_token(self.stack, self.token())

    def expired_token(self) -> str:
        """An access token of a live session that ran out an hour ago."""
        self.token()
        session = self.stack.query(f"SELECT id FROM sessions WHERE user_id = '{self.id}' ORDER BY created_at DESC LIMIT 1")
        keys = SigningKeys.from_file(self.stack.data / "keys/tokens.json")
        return Tokens(keys, access_seconds=-3600, refresh_seconds=60).mint("access", self.id, session)[0]


TUS = {"Tus-Resumable": "1.0.0"}
BODY = {**TUS, "Content-Type": "application/offset+octet-stream"}


def text(size: int, seed: int = 0) -> bytes:
    """A text file (a document of an allowed kind) of exactly `size` bytes, unlike that of another seed."""
    line = hashlib.sha256(str(seed).encode()).hexdigest().encode() + b"\n"
    return (line * (size // len(line) + 1))[:size]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def code(answer) -> str:
    return answer.json()["error"]["code"]


def begin(client: Client, name: str, content: bytes | int, **facts):
    size = content if isinstance(content, int) else len(content)
    return client.post("/v1/files/init", json={"filename": name, "size": size, **facts})


def put(client: Client, upload: str, number: int, content: bytes, **options):
    return client.post("/v1/files/part", params={"upload_id": upload, "part": number}, data=content, **options)


def complete(client: Client, upload: str, **facts):
    return client.post("/v1/files/complete", json={"upload_id": upload, **facts})


def send(client: Client, name: str, content: bytes, **facts) -> dict:
    """A whole upload in one part; what complete answers."""
    begun = begin(client, name, content, **facts)
    assert begun.status_code == 201, begun.text
    assert put(client, begun.json()["upload_id"], 1, content).status_code == 200
    done = complete(client, begun.json()["upload_id"])
    assert done.status_code == 200, done.text
    return done.json()


def progress(client: Client, upload: str) -> dict:
    return client.get(f"/v1/files/upload/{upload}").json()


def metadata(**given: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in given.items())


def create(client: Client, size: int, headers: dict | None = None, data: bytes | None = None, **given: str):
    described = {"Upload-Metadata": metadata(**given)} if given else {}
    return client.post(
        "/files/", headers={**TUS, "Upload-Length": str(size), **described, **(headers or {})}, data=data
    )  # fmt: skip


def patch(client: Client, url: str, offset: int, content: bytes, **headers: str):
    return client.patch(url, headers={**BODY, "Upload-Offset": str(offset), **headers}, data=content)


def offset(client: Client, url: str) -> int:
    answer = client.head(url, headers=TUS)
    assert answer.status_code == 200, answer.status_code
    return int(answer.headers["Upload-Offset"])


def on_disk(stack: Stack, upload: str) -> list[Path]:
    """What of an upload lies in the spool."""
    place = stack.data / "spool" / upload.rpartition("/")[2]
    return [path for path in place.rglob("*") if path.is_file()]


def incoming(stack: Stack) -> int:
    """Bytes that Nginx has stored and nobody has taken."""
    return sum(path.stat().st_size for path in (stack.data / "spool/incoming").iterdir())


def original(client: Client, done: dict) -> bytes:
    return client.get(f"/api/media/{done['media_id']}/original").content


def with_token(stack: Stack, token: str) -> Client:
    client = stack.session(None)
    client.headers.update(bearer(token))
    return client

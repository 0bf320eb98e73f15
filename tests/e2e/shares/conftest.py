"""Things to share, and a quick way to do it; on the stack of all tests."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.e2e.conftest import CANARY
from tests.stack import Client, Stack

SECRET = "open-5esame"
BIG = 6 << 20  # bytes: more than fits into the buffers between a client that stops reading and Nginx


@dataclass
class Shared:
    id: str
    code: str
    url: str

    def at(self, below: str = "") -> str:
        return f"/s/{self.code}{'/' + below if below else ''}"


@pytest.fixture(scope="session")
def owner(stack) -> Client:
    return stack.session()


@pytest.fixture(scope="session")
def share(owner) -> Callable[..., Shared]:
    """Share media (ids, or nothing but a folder) as the administrator."""

    def make(*media: str, **fields) -> Shared:
        body = {"media_ids": list(media), "rights": ["view", "download"], **fields}
        answer = owner.post("/api/shares", json=body)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        return Shared(made["id"], made["code"], made["url"])

    return make


@pytest.fixture(scope="session")
def big(stack) -> dict:
    """A mounted file that takes more than one packet, with a canary at both ends."""
    stack.place(CANARY + secrets.token_bytes(BIG) + CANARY, stack.data / "shelf" / "big.mp3")
    return stack.wait_for_media("big.mp3", seconds=60)


@pytest.fixture
def visitor(stack) -> Callable[..., Client]:
    """A browser that has opened a share's page, and given its password where it has one."""

    def come(shared: Shared, password: str | None = None, address: str | None = None) -> Client:
        client = stack.session(None, address=address)
        client.headers["User-Agent"] = f"Mozilla/5.0 visitor {secrets.token_hex(4)}"
        assert client.get(shared.at()).status_code == 200
        if password:
            opened = client.post(shared.at(), data={"password": password}, allow_redirects=False)
            assert opened.status_code == 303, opened.text
        return client

    return come


def code_of(answer) -> str:
    return answer.json()["error"]["code"]


def addresses(text: str, code: str) -> set[str]:
    """Every address of the share, and every signed one, that an answer names."""
    found = re.findall(rf"(?:/s/{code}(?:/[^\s\"'<>#]*)?|/hls/[^\s\"'<>#]+)", text)
    return {address.replace("&amp;", "&") for address in found}


def use_of(owner: Client, shared: Shared) -> dict:
    return owner.get(f"/api/shares/{shared.id}").json()


def set_folder(stack: Stack, media: str, folder: str, owner: str = "admin") -> None:
    """As if it had been uploaded there; in every worker."""
    stack.query(f"UPDATE media SET folder = '{folder}' WHERE id = '{media}'")
    stack.sluice("media", "set", media, "--owner", owner)

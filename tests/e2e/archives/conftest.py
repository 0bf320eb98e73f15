"""A mixed library: files of a mount in folders, under names of every kind, and a song that was kept."""

from __future__ import annotations

import io
import os
import time
import zipfile
from dataclasses import dataclass
from datetime import datetime

import pytest

from tests.e2e.conftest import make
from tests.stack import Client, Stack

BATCH = "/v1/files/batch-download"
NEWEST = "(SELECT id FROM archives ORDER BY created_at DESC LIMIT 1)"

# Below the mount: whatever a person may call a file, and Nginx or an archive may misread.
PLACES = [
    "zip/a b.txt", "zip/100%25 & 20% off?.txt", "zip/#hash+plus=.txt", "zip/Trips/2026/é ☃.txt", "zip/Trips/2026/E\u0301.txt",
    "zip/<!--#include virtual='x'-->.txt", "zip/$HOME ${x} $1.txt", 'zip/quo"te\'s;.txt', "zip/new\nline.txt",
    "zip/CON.txt", "zip/back\\slash.txt", "zip/%2e%2e%2fup.txt", "zip/" + "x" * 200 + ".txt", "zip/empty.txt", "zip/a&b;c.txt",
    "zip/<", "zip/<!", "zip/<!-",
]  # fmt: skip


@dataclass
class Library:
    """What lies there: content by the name of its media."""

    stack: Stack
    contents: dict[str, bytes]
    ids: list[str]
    kept: dict


@pytest.fixture(scope="package")
def mixed(stack, tmp_path_factory) -> Library:
    contents = {}
    for number, place in enumerate(PLACES):
        name = place if place.endswith(".txt") else place + ".txt"
        content = b"" if "empty" in name else os.urandom(1000 + 70_000 * (number % 3)) + b"<!--#echo var='x' -->"
        put(stack, name, content)
        contents[name.rpartition("/")[2]] = content
    big = os.urandom(3 << 20)
    put(stack, "zip/large.txt", big)
    contents["large.txt"] = big
    song = make(tmp_path_factory.mktemp("media") / "kept.mp3", "-f", "lavfi", "-i", "sine=duration=2", "-b:a", "64k")
    kept = stack.wait_for_media(stack.drop(song, "kept song.mp3"))
    contents["kept song.mp3"] = song.read_bytes()
    ids = [stack.wait_for_media(name)["id"] for name in contents]
    return Library(stack, contents, ids, kept)


def put(stack: Stack, place: str, content: bytes) -> None:
    target = stack.data / "shelf" / place
    target.parent.mkdir(parents=True, exist_ok=True)
    stack.place(content, target)


@pytest.fixture(scope="package")
def client(stack) -> Client:
    return stack.session()


def ask(client: Client, **wanted) -> dict:
    """The answer to a batch-download, once the archive is ready."""
    answer = client.post(BATCH, json=wanted)
    assert answer.status_code == 201, answer.text
    made, deadline = answer.json(), time.monotonic() + 120
    while made["state"] == "preparing":
        assert time.monotonic() < deadline
        time.sleep(0.2)
        made |= client.get(f"{made['url']}?status").json()
    assert made["state"] == "ready", made
    assert datetime.fromisoformat(made["expires"]).tzinfo
    return made


def path_of(stack: Stack, made: dict) -> str:
    return made["url"].removeprefix(stack.url)


@pytest.fixture(scope="package")
def made(mixed, client) -> dict:
    """An archive of all of it."""
    return ask(client, media_ids=mixed.ids)


@pytest.fixture(scope="package")
def whole(made, stack) -> bytes:
    """Its bytes, as somebody without a cookie gets them."""
    answer = stack.session(None).get(made["url"])
    assert answer.status_code == 200 and len(answer.content) == int(answer.headers["Content-Length"])
    return answer.content


def members(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {one.orig_filename: opened.read(one) for one in opened.infolist()}

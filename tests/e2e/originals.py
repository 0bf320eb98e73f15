"""Plain originals of every kind, put where Sluice keeps them, with any name and any type, and every way to fetch one."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from nginx import contract
from tests.stack import Client, Stack

KINDS = ("mounted", "kept", "stored")

_ROW = """INSERT INTO media (id, name, kind, mime, size_bytes, source, state, original, mount, path, stored) VALUES
    ('{id}', {name}, 'document', '{mime}', {size}, '{source}', 'completed', '{original}', {mount}, {path}, {stored})"""


@dataclass(frozen=True)
class Placed:
    id: str
    key: str


def put(stack: Stack, kind: str, name: str, content: bytes, mime: str, ending: str = ".bin") -> Placed:
    """A complete media `name` of the type `mime`; on a mount its file has the `ending`, one that no scan takes up."""
    media = str(uuid.uuid4())
    file, stored = f"{media}{ending}", contract.stored_path(str(uuid.uuid4()), date(2026, 11, 27), media)
    below = {"mounted": f"shelf/{file}", "stored": f"files/{stored}",
             "kept": f"files/originals/{contract.vault_directory(media)}/{contract.ORIGINAL}"}[kind]  # fmt: skip
    _make_directory(stack, (stack.data / below).parent)
    is_upload, is_mounted = kind == "stored", kind == "mounted"
    stack.query(_ROW.format(
        id=media, name=_text(name), mime=mime, size=len(content),
        source={"mounted": "mount", "stored": "upload", "kept": "import"}[kind],
        original="mount" if is_mounted else "kept", mount="'shelf'" if is_mounted else "NULL",
        path=f"'{file}'" if is_mounted else "NULL", stored=f"'{stored}'" if is_upload else "NULL",
    ))  # fmt: skip
    stack.place(content, stack.data / below)  # after its row: the scan of the mount finds it known
    return Placed(media, stored if is_upload else f"media/{media}")


def _text(value: str) -> str:
    """As SQL that holds no character of it."""
    return f"convert_from(decode('{value.encode().hex()}', 'hex'), 'UTF8')"


def _make_directory(stack: Stack, directory: Path) -> None:
    if not directory.exists():
        _make_directory(stack, directory.parent)
        directory.mkdir(mode=0o750)
        os.chown(directory, stack.data.stat().st_uid, stack.data.stat().st_gid)


def links(client: Client, media: str, **options) -> dict[str, str]:
    """The path of a link of each form."""
    found = {}
    for form in ("d", "stream", "get"):
        answer = client.post("/api/links", json={"media_id": media, "kind": form, "ttl": 600, **options})
        answer.raise_for_status()
        found[form] = "/" + answer.json()["url"].split("/", 3)[3]
    return found


def ways(client: Client, media: str) -> dict[str, str]:
    """Every address that delivers it: signed ones, and those for who has signed in."""
    return links(client, media) | {
        "original": f"/api/media/{media}/original", "download": f"/api/media/{media}/original?download=true",
        "player": f"/api/media/stream/{media}",
    }  # fmt: skip

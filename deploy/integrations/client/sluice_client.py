"""A small client of a Sluice server: list, upload, link, download with resume. Standard library only; see README.md.

export SLUICE_URL=https://media.example.org SLUICE_TOKEN=slt_…
python sluice_client.py list holiday
python sluice_client.py upload film.mp4
python sluice_client.py link MEDIA_ID 3600
python sluice_client.py download MEDIA_ID_OR_LINK film.mp4
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

TRIES, PAUSE_SECONDS = 5, 1.0
BLOCK = 1 << 20
LARGEST_PART = 16 << 20  # of an upload, held in memory while it is sent


class Refused(Exception):
    """The server's no: its own code and sentence."""


class Client:
    """`token` is a service token (`sluice token mint`, or the account page); `certificate` is a PEM file to trust."""

    def __init__(self, url: str, token: str, certificate: str | None = None):
        self._url, self._token = url.rstrip("/"), token
        self._context = ssl.create_default_context(cafile=certificate)

    def media(self, query: str = "") -> Iterator[dict]:
        """Everything that the token's owner may see, page by page; `query` is a part of the name. Scope: library."""
        page, pages = 1, 1
        while page <= pages:
            found = self._json("GET", "/api/media/library?" + urlencode({"query": query, "page": page, "limit": 200}))
            yield from found["data"]
            page, pages = page + 1, found["pagination"]["pages"]

    def link(self, media_id: str, seconds: int, kind: str = "get", bind: bool = False) -> str:
        """A signed link that whoever has it may use; bound: in this machine's network alone. Scope: links."""
        wanted = {"media_id": media_id, "kind": kind, "ttl": seconds, "bind": bind}
        return self._json("POST", "/api/links", wanted)["url"]

    def upload(self, path: Path) -> dict:
        """Send a file in parts, each tried again by itself; returns {key, media_id, sha256, size}. Scope: uploads."""
        wanted = {"filename": path.name, "size": path.stat().st_size, "sha256": sha256_of(path), "mode": "chunked"}
        begun = self._json("POST", "/v1/files/init", wanted)
        numbers = []
        with path.open("rb") as file:
            while part := file.read(min(begun["part_size"], LARGEST_PART)):
                numbers.append(len(numbers) + 1)
                query = urlencode({"upload_id": begun["upload_id"], "part": numbers[-1]})
                self._again(self._json, "POST", f"/v1/files/part?{query}", part)
        return self._again(
            self._json, "POST", "/v1/files/complete", {"upload_id": begun["upload_id"], "parts": numbers}
        )

    def download(self, source: str, target: Path) -> Path:
        """Fetch a media (by id) or a signed link into `target`, going on where an earlier try was broken off.

        What has come waits in `target`.part, and what it is a part of (the ETag) beside it.
        """
        url = source if "://" in source else f"{self._url}/api/media/{source}/original"
        part, tag = target.with_name(target.name + ".part"), target.with_name(target.name + ".part.etag")
        self._again(self._fetch, url, part, tag)
        os.replace(part, target)
        tag.unlink()
        return target

    def _fetch(self, url: str, part: Path, tag: Path) -> None:
        there = part.stat().st_size if part.exists() and tag.exists() else 0
        headers = {"Range": f"bytes={there}-", "If-Range": tag.read_text()} if there else {}
        try:
            with self._open(urllib.request.Request(url, headers=headers)) as answer:  # noqa: S310
                tag.write_text(answer.headers["ETag"])
                resumed = answer.status == 206
                size = int(answer.headers["Content-Length"]) + (there if resumed else 0)
                with part.open("ab" if resumed else "wb") as file:
                    shutil.copyfileobj(answer, file, BLOCK)
        except urllib.error.HTTPError as refusal:
            if refusal.code != 416 or refusal.headers["Content-Range"] != f"bytes */{there}":
                raise
            size = there  # all of it had come already
        if part.stat().st_size != size:
            raise ConnectionError(f"{part.stat().st_size} of {size} bytes have come")

    def _again(self, call, *arguments) -> Any:
        """Once more after a lost connection or a 5xx, a little later each time."""
        for attempt in range(1, TRIES + 1):
            try:
                return call(*arguments)
            except urllib.error.HTTPError as refusal:
                if refusal.code < 500 or attempt == TRIES:
                    raise Refused(sentence(refusal)) from None
            except OSError:
                if attempt == TRIES:
                    raise
            time.sleep(PAUSE_SECONDS * attempt)

    def _json(self, method: str, path: str, body: dict | bytes | None = None) -> dict:
        content_type = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        request = urllib.request.Request(self._url + path, data, {"Content-Type": content_type}, method=method)  # noqa: S310
        with self._open(request) as answer:
            return json.load(answer)

    def _open(self, request: urllib.request.Request) -> IO[bytes]:
        if request.full_url.startswith(self._url + "/"):  # nobody else learns the token
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        return urllib.request.urlopen(request, timeout=60, context=self._context)  # noqa: S310


def sentence(refusal: urllib.error.HTTPError) -> str:
    """What the server says of its no."""
    try:
        error = json.load(refusal)["error"]
        return f"{error['code']}: {error['message']} {error['details']}"
    except (ValueError, KeyError):
        return f"{refusal.code} {refusal.reason}"


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(command: str, *arguments: str) -> None:
    client = Client(os.environ["SLUICE_URL"], os.environ["SLUICE_TOKEN"], os.environ.get("SLUICE_CERTIFICATE"))
    if command == "list":
        for media in client.media(*arguments):
            print(media["id"], media["state"], re.sub(r"[^\x20-\x7e\xa0-\U0010ffff]", "?", media["name"]), sep="\t")
    elif command == "upload":
        print(client.upload(Path(arguments[0]))["media_id"])
    elif command == "link":
        print(client.link(arguments[0], int(arguments[1])))
    elif command == "download":
        print(client.download(arguments[0], Path(arguments[1])))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:] or ["help"])
    except Refused as no:
        sys.exit(str(no))
    except urllib.error.HTTPError as no:
        sys.exit(sentence(no))

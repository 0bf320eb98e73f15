"""People at work, each in a thread of their own, who notice every request that fails."""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from tests.e2e.people import PASSWORD, add_user
from tests.e2e.uploads.clients import begin, complete, create, patch, progress, put, sha256, text
from tests.stack import PATIENCE, Client, Stack

Round = Callable[[], None]
CHUNK = 128 << 10

# As browsers do it (RFC 9112, 9.3.1): a kept connection may be closed by the other side just when a GET is sent.
AGAIN = Retry(total=1, connect=0, status=0, allowed_methods={"GET"})


class Person(threading.Thread):
    """Does the same again and again until told to stop, and then to its end; `failed` says what went wrong."""

    def __init__(self, name: str, once: Round):
        super().__init__(name=name, daemon=True)
        self.rounds, self.failed, self._once, self._stopped = 0, [], once, threading.Event()

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._once()
            except Exception as error:
                self.failed.append(f"{time.strftime('%X')} {self.name}: {type(error).__name__}: {error}"[:400])
                self._stopped.wait(0.2)
            self.rounds += 1

    def stop(self) -> None:
        self._stopped.set()
        self.join(2 * PATIENCE)
        assert not self.is_alive(), f"{self.name} does not come to an end"


@contextlib.contextmanager
def at_work(**rounds: Round) -> Iterator[list[Person]]:
    people = [Person(name, once) for name, once in rounds.items()]
    for person in people:
        person.start()
    try:
        yield people
    finally:
        for person in people:
            person.stop()


@contextlib.contextmanager
def wrk(url: str, *options: str) -> Iterator[list[str]]:
    """As fast as it can; afterwards its complaints: socket errors, and answers that are no 2xx or 3xx.

    A kept connection may be closed between two answers, and wrk does not try again ("read"): that is no complaint.
    """
    command = ["nice", "wrk", "-t1", "-d3600s", "--timeout", f"{PATIENCE}s", *options, url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    complaints: list[str] = []
    try:
        yield complaints
    finally:
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=PATIENCE)[0]
    assert re.search(r"[1-9]\d* requests in", said), said
    kept = "Connection: close" not in options
    lines = [re.sub(r"read \d+", "read 0", line) if kept else line for line in said.splitlines()]
    complaints += [line.strip() for line in lines if "Non-2xx" in line or re.search(r"errors:.* [1-9]", line)]


class Work:
    """What editors may be in the middle of. Certificates change meanwhile, so nobody looks at them."""

    def __init__(self, stack: Stack):
        self._stack = stack

    def client(self) -> Client:
        """Of somebody new: nobody waits for what another one does."""
        client = Client(self._stack.url, Path("/"))
        client.verify = False
        client.mount("https://", HTTPAdapter(max_retries=AGAIN))
        account = {"username": add_user(self._stack, "editor"), "password": PASSWORD}
        client.post("/api/auth/login", json=account).raise_for_status()
        return client

    def asking(self, path: str, expected: bytes | None = None, client: Client | None = None) -> Round:
        """The same request over one connection."""
        client = client or self.client()

        def once() -> None:
            answer = client.get(path)
            assert answer.status_code == 200, f"{answer.status_code} {answer.text[:200]}"
            assert expected in (None, answer.content)

        return once

    def coming_anew(self, path: str) -> Round:
        """The same request over a connection of its own each time."""
        client = self.client()
        client.headers["Connection"] = "close"
        return lambda: client.get(path).raise_for_status()

    def opening_links(self, media: str) -> Round:
        """A link is made and opened."""
        client = self.client()

        def once() -> None:
            for kind in ("d", "stream"):
                url = client.post("/api/links", json={"media_id": media, "kind": kind}).json()["url"]
                answer = client.get(url)
                assert answer.status_code == 200, f"{kind}: {answer.status_code} {answer.text[:200]}"

        return once

    def sending_by_tus(self) -> Round:
        client = self.client()

        def once() -> None:
            content = _new_text(8 * CHUNK)
            url = create(client, len(content), filename=f"{secrets.token_hex(4)}.txt").headers["Location"]
            for at in range(0, len(content), CHUNK):
                answer = patch(client, url, at, content[at : at + CHUNK])
                assert answer.status_code == 204, f"{answer.status_code} {answer.text[:200]}"
            assert progress(client, url[7:])["state"] == "completed"

        return once

    def sending_by_parts(self) -> Round:
        client = self.client()

        def once() -> None:
            content = _new_text(2 * CHUNK)
            upload = begin(client, f"{secrets.token_hex(4)}.txt", content).json()["upload_id"]
            answer = put(client, upload, 1, content)
            assert answer.status_code == 200, f"{answer.status_code} {answer.text[:200]}"
            done = complete(client, upload)
            assert done.json()["sha256"] == sha256(content), done.text

        return once

    def reading_a_zip(self, media: list[str], pause: float = 0.05) -> Round:
        """Slowly, so that it is under way for seconds; every time the same bytes."""
        client, sums = self.client(), set()

        def once() -> None:
            url = client.post("/v1/files/batch-download", json={"media_ids": media}).json()["url"]
            answer, read, found = client.get(url, stream=True), 0, hashlib.sha256()
            answer.raise_for_status()
            for part in answer.iter_content(1 << 20):
                found.update(part)
                read += len(part)
                time.sleep(pause)
            assert read == int(answer.headers["Content-Length"])
            sums.add(read)
            assert len(sums) == 1

        return once


def _new_text(size: int) -> bytes:
    return text(size, secrets.randbits(64))

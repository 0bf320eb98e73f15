"""The drive that misbehaves, and what its items answer meanwhile."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.people import wait_until
from tests.fuse_stub import Fuse, fuse
from tests.stack import PATIENCE, Stack


@dataclass
class Cloud:
    """The mount `cloud`: its file system, its items in the library, and what it is said to be."""

    stack: Stack
    fuse: Fuse
    songs: list[dict] = field(default_factory=list)

    @property
    def state(self) -> dict:
        return self.stack.mount("cloud")

    def wait(self, state: str) -> dict:
        wait_until(lambda: self.state["state"] == state, what=f"the drive is not {state}")
        time.sleep(0.5)  # the workers are told right afterwards
        return self.state

    def library(self) -> dict[str, str]:
        """Name -> id of everything on it."""
        found = self.stack.query(
            "SELECT coalesce(json_object_agg(name, id), '{}') FROM media WHERE mount = 'cloud' AND deleted_at IS NULL"
        )
        return json.loads(found)

    def addresses(self, client, song: dict) -> list[str]:
        """Every way to one song: by its page's player, by a link of control's, by one that Nginx alone checks."""
        links = [
            client.post("/api/links", json={"media_id": song["id"], "kind": kind, "ttl": 600}).json()["url"]
            for kind in ("stream", "d")
        ]
        return [f"/api/media/stream/{song['id']}", *(url.removeprefix(self.stack.url) for url in links)]


@contextlib.contextmanager
def mounted(stack: Stack, source: Path) -> Iterator[Cloud]:
    with fuse(source, stack.data / "cloud") as running:
        cloud = Cloud(stack, running)
        cloud.wait("here")
        names = {path.name for path in source.iterdir()}
        wait_until(lambda: cloud.library().keys() == names, what="not everything came into the library")
        cloud.songs = [{"name": name, "id": media} for name, media in sorted(cloud.library().items()) if "song" in name]
        yield cloud


@dataclass
class Asked:
    """One answer, how long it took, and where it was asked."""

    status: int
    seconds: float
    path: str
    code: str = ""
    retry_after: int = 0
    kind: str = ""


def ask(client, path: str, timeout: float = 2 * PATIENCE) -> Asked:
    begun = time.monotonic()
    answer = client.get(path, timeout=timeout)
    error = answer.json()["error"]["code"] if answer.status_code >= 400 else ""
    retry_after, kind = int(answer.headers.get("Retry-After", 0)), answer.headers["Content-Type"]
    return Asked(answer.status_code, time.monotonic() - begun, path, error, retry_after, kind)


def ask_at_once(client_of: Callable, paths: list[str]) -> list[Asked]:
    """Each by a client of its own, all at the same time."""
    with ThreadPoolExecutor(len(paths)) as pool:
        return list(pool.map(lambda path: ask(client_of(), path), paths))


def assert_away(answers: list[Asked], within: float) -> None:
    for answer in answers:
        assert (answer.status, answer.code) == (503, "MEDIA_006"), answer
        assert answer.retry_after > 0 and answer.seconds < within, answer
        assert answer.kind.startswith("application/json"), answer


class Passers:
    """Others, who ask for other things all the time."""

    def __init__(self, client, paths: list[str]):
        self._client, self._paths = client, paths

    def ask(self, number: int) -> list[Asked]:
        return [self._one(index) for index in range(number)]

    @contextlib.contextmanager
    def asking(self) -> Iterator[list[Asked]]:
        """The list of their answers, which grows meanwhile; raises in the end what one of them met."""
        answers, stop = [], threading.Event()

        def go_on() -> None:
            while not stop.is_set():
                answers.append(self._one(len(answers)))

        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(go_on)
            try:
                yield answers
            finally:
                stop.set()
        asking.result()

    def _one(self, index: int) -> Asked:
        time.sleep(0.01)  # people, not a flood
        answer = ask(self._client, self._paths[index % len(self._paths)], timeout=PATIENCE)
        assert answer.status == 200, answer
        return answer


def p99(answers: list[Asked]) -> float:
    return sorted(answer.seconds for answer in answers)[int(len(answers) * 0.99)]

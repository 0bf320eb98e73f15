"""Two control hosts with their processors, and two edges in front of them: all of it real, on this machine."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import pytest
import requests

from tests.e2e.hls import Segment, rungs, segments
from tests.edges import another_host, minted, running_edge
from tests.stack import PATIENCE, SETTINGS, Client, Stack, free_port, running


@dataclass
class Farm:
    hosts: list[Stack]
    edges: list[Stack]

    def viewer(self) -> Client:
        """Signed in through an edge."""
        client = Client(self.edges[0].url, self.edges[0].data / "tls/certificate.pem")
        account = {"username": "admin", "password": self.hosts[0].admin_password}
        client.post("/api/auth/login", json=account, timeout=PATIENCE).raise_for_status()
        return client

    def ask(self, client: Client, path: str) -> requests.Response | None:
        """As a browser asks a name with several addresses: the next one where one does not answer. None: none does."""
        for edge in self.edges:
            try:
                return client.get(edge.url + path, verify=edge.data / "tls/certificate.pem", timeout=PATIENCE)
            except requests.RequestException:
                continue
        return None


@pytest.fixture(scope="module")
def farm() -> Iterator[Farm]:
    with ExitStack() as all_of_it:
        first = all_of_it.enter_context(running(f"{SETTINGS}\n[edge]\ndoor = {free_port()}\n"))
        second = all_of_it.enter_context(another_host(first, f"{SETTINGS}\n[edge]\ndoor = {free_port()}\n"))
        edges = [minted(first, "edge-one", second), minted(first, "edge-two", second)]
        for edge in edges:
            all_of_it.enter_context(running_edge(edge))
        yield Farm([first, second], edges)


@pytest.fixture(scope="module")
def film(farm, film_file) -> dict:
    return farm.hosts[0].wait_for_media(farm.hosts[0].drop(film_file, "film.mp4"))


# --- who watches meanwhile --------------------------------------------------------------------------------


@dataclass
class Watching:
    """A viewer who asks for every segment and key of a film, again and again, and a stranger who asks for its keys."""

    farm: Farm
    client: Client
    found: list[Segment]
    answers: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    longest: float = 0.0  # seconds until something was given that was asked for: told, not judged
    slow: list[str] = field(default_factory=list)  # answers that took more than a second, likewise
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        stranger = requests.Session()
        while not self._over.is_set():
            for segment in self.found:
                self._until_given(segment.key_url)
                self._until_given(segment.url)
                answer = self._ask(stranger, segment.key_url)
                if answer is not None and answer.status_code == 200:
                    self.wrong.append("a stranger was given a key")

    def stop(self) -> None:
        self._over.set()

    def _until_given(self, url: str) -> None:
        """503 and silence are for trying again; anything else is wrong."""
        began = time.monotonic()
        while not self._over.is_set():
            answer = self._ask(self.client, url)
            self.answers[answer.status_code if answer is not None else 0] += 1
            if answer is not None and answer.status_code == 200:
                break
            if answer is not None and answer.status_code != 503:
                self.wrong.append(f"{answer.status_code} for {url}: {answer.text[:200]}")
                break
            if time.monotonic() > began + PATIENCE:
                self.wrong.append(f"nothing for {url}")
                break
            time.sleep(0.1)
        self.longest = max(self.longest, time.monotonic() - began)

    def _ask(self, client: requests.Session, url: str) -> requests.Response | None:
        began = time.monotonic()
        answer = self.farm.ask(client, _path(url))
        if (seconds := time.monotonic() - began) > 1:
            self.slow.append(f"{seconds:.1f} s: {answer} {url.rpartition('/')[2]}")
        return answer

    def goes_on(self) -> None:
        """Wait until whole rounds have been given since now."""
        wanted = self.answers[200] + 4 * len(self.found)
        deadline = time.monotonic() + 2 * PATIENCE
        while self.answers[200] < wanted:
            assert not self.wrong and time.monotonic() < deadline, (self.wrong, self.answers)
            time.sleep(0.1)


def _path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


@contextmanager
def watching(farm: Farm, film: dict) -> Iterator[Watching]:
    client = farm.viewer()
    url = f"{farm.edges[0].url}/api/media/stream/{film['id']}"
    playlists = rungs(client, url, client.get(url).text)
    viewer = Watching(farm, client, segments(client, playlists["360p"]))
    thread = threading.Thread(target=viewer.run)
    thread.start()
    try:
        viewer.goes_on()
        yield viewer
    finally:
        viewer.stop()
        thread.join()
        print(f"\nanswers {dict(viewer.answers)}, the longest wait {viewer.longest:.1f} s", *viewer.slow, sep="\n  ")
    assert not viewer.wrong

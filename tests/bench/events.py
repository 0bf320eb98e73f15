"""``deploy/test bench events``: what open streams of live events cost one worker: memory, and decisions a second."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import selectors
import socket
import statistics
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.world import World, world
from tests.stack import Stack

SESSIONS = 100  # each holds a few of the streams
EVENTS_PER_SECOND = 5


class Streams:
    """`count` streams, each read as it comes."""

    def __init__(self, place: World, count: int):
        address = urlsplit(place.url)
        cookies = itertools.cycle(place.cookies)
        self._all = [self._open(address.hostname, address.port, next(cookies)) for _ in range(count)]
        self._watch = selectors.DefaultSelector()
        for stream in self._all:
            self._watch.register(stream, selectors.EVENT_READ)
        self.frames, self._stopped = 0, threading.Event()
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    @staticmethod
    def _open(host: str, port: int, cookie: str) -> socket.socket:
        stream = socket.create_connection((host, port))
        stream.sendall(f"GET /api/events?topics=media HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
        answer = b""
        while b"event: live" not in answer:
            part = stream.recv(4096)
            if not part or b" 429 " in answer:
                raise RuntimeError(answer.decode())
            answer += part
        return stream

    def _read(self) -> None:
        while not self._stopped.is_set():
            for key, _ in self._watch.select(0.2):
                self.frames += key.fileobj.recv(65536).count(b"event: media")

    def close(self) -> None:
        self._stopped.set()
        self._reading.join()
        for stream in self._all:
            stream.close()


@contextlib.contextmanager
def streams(place: World, count: int) -> Iterator[Streams]:
    opened = Streams(place, count)
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def talk(stack: Stack, media: list[str]) -> Iterator[None]:
    """So many events a second, each of another media."""
    stop = threading.Event()

    def publish() -> None:
        for one in itertools.cycle(media):
            if stop.wait(1 / EVENTS_PER_SECOND):
                return
            stack.redis("PUBLISH", "sluice:events", f'media:{{"id":"{one}"}}')

    talking = threading.Thread(target=publish)
    talking.start()
    try:
        yield
    finally:
        stop.set()
        talking.join()


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main(arguments: list[str]) -> None:
    from tests.bench.__main__ import requests_per_second

    parser = argparse.ArgumentParser(prog="deploy/test bench events", description=__doc__)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args(arguments)
    with world(sessions=SESSIONS, media=1000) as place:
        stack = Stack(place.directory.parent, 0)
        place.warm_up()
        crowd, worker = place.crowd("decision"), stack.pids("sluice:control")[1]
        found: dict[str, list[float]] = {"without streams": [], "with streams": [], "with events on them": []}
        requests_per_second(place, crowd, options.seconds)
        before, grown = resident(worker), 0
        for _ in range(options.rounds):
            found["without streams"].append(requests_per_second(place, crowd, options.seconds))
            with streams(place, options.streams) as opened:
                grown = grown or resident(worker) - before
                found["with streams"].append(requests_per_second(place, crowd, options.seconds))
                with talk(stack, place.library):
                    found["with events on them"].append(requests_per_second(place, crowd, options.seconds))
                frames = opened.frames
    print(f"{options.streams} streams: {grown / options.streams / 1024:.1f} KiB of the worker's memory each")
    for name, rates in found.items():
        shares = [rate / base for rate, base in zip(rates, found["without streams"], strict=True)]
        print(f"decisions {name:<20} {statistics.median(rates):>10,.0f}/s {statistics.median(shares):>7.3f}")
    print(f"{frames} events were read in the last round, {EVENTS_PER_SECOND} published a second")

"""``deploy/test bench archives``: a ZIP of many files against raw Nginx sending one file as large, in turns."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.world import SETTINGS, plain_nginx
from tests.stack import Stack, free_port, running

BLOCK = 1 << 20


@dataclass(frozen=True)
class Transfer:
    megabytes_per_second: float
    first_byte: float  # seconds
    bytes: int


def fetch(url: str, *options: str) -> Transfer:
    command = [
        "curl",
        "-sS",
        "--fail",
        "-o",
        "/dev/null",
        "-w",
        "%{speed_download} %{time_starttransfer} %{size_download}",
    ]
    printed = subprocess.run([*command, *options, url], capture_output=True, text=True, check=True).stdout
    speed, first, size = printed.split()
    return Transfer(float(speed) / 1e6, float(first), int(size))


def fill(stack: Stack, files: int, size: int) -> None:
    """So many kept files with content of their own, and one file as large as all of them behind the raw location."""
    owner = stack.data.stat()
    block = os.urandom(size)
    directory = stack.data / "files/users/bench"
    subprocess.run(["mkdir", "-p", directory], check=True, user=owner.st_uid, group=owner.st_gid)
    with (stack.data / "gate/whole.ts").open("wb") as whole:
        for number in range(1, files + 1):
            content = number.to_bytes(8, "big") + block[8:]
            whole.write(content)
            (directory / str(number)).write_bytes(content)
    stack.query(
        "INSERT INTO media (name, kind, mime, size_bytes, source, state, original, stored, folder) "
        f"SELECT n || '.bin', 'document', 'x/y', {size}, 'upload', 'completed', 'kept', 'users/bench/' || n, 'bench' "
        f"FROM generate_series(1, {files}) n"
    )


@contextmanager
def watched(pids: list[int]) -> Iterator[dict[int, list[int]]]:
    """The memory of these processes (RssAnon, bytes), looked at all the time."""
    seen, stop = {pid: [anonymous(pid)] for pid in pids}, threading.Event()

    def look() -> None:
        while not stop.wait(0.02):
            for pid in pids:
                seen[pid].append(anonymous(pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def nginx_worker(stack: Stack) -> int:
    master = int((stack.data / "run/bench.pid").read_text())
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return next(int(pid) for pid in children if "worker" in Path(f"/proc/{pid}/cmdline").read_text())


def anonymous(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("RssAnon:")[1].split()[0]) * 1024


def prepared(stack: Stack) -> str:
    """The path of an archive of all of it, once its checksums are known."""
    client = stack.session()
    made = client.post("/v1/files/batch-download", json={"folder": "bench"}).json()
    path = made["url"].removeprefix(stack.url)
    while client.get(f"{path}?status").json()["state"] != "ready":
        threading.Event().wait(0.2)
    return path


def measure(stack: Stack, url: str, rounds: int) -> dict[str, list[Transfer]]:
    path = prepared(stack)
    rivals = {
        "raw Nginx, one file": (f"{url}/bench/raw/whole.ts",),
        "ZIP, by Nginx": (url + path,),
        "the same from byte 1, by control": (url + path, "-r", "1-"),
    }
    found = {name: [] for name in rivals}
    for _ in range(rounds):
        for name, (address, *options) in rivals.items():
            found[name].append(fetch(address, *options))
    return found


def show(found: dict[str, list[Transfer]]) -> None:
    limit = next(iter(found.values()))
    for name, transfers in found.items():
        ratio = statistics.median(
            one.megabytes_per_second / base.megabytes_per_second for one, base in zip(transfers, limit, strict=True)
        )
        speed = statistics.median(one.megabytes_per_second for one in transfers)
        first = sorted(one.first_byte * 1000 for one in transfers)
        print(
            f"{name:<34} {speed:>8,.0f} MB/s {ratio:>8.3f}   first byte {first[0]:.1f} to {first[-1]:.1f} ms",
            flush=True,
        )


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="deploy/test bench archives", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--size", type=int, default=3 * BLOCK // 2, help="bytes of each file")
    options = parser.parse_args(arguments)
    with running(SETTINGS) as stack:
        fill(stack, options.files, options.size)
        port = free_port()
        with plain_nginx(stack, port):
            control = stack.pids("sluice:control")[1:]
            measure(stack, f"http://127.0.0.1:{port}", 1)  # checksums are read, every worker has been asked
            with watched([nginx_worker(stack), *control]) as memory:
                found = measure(stack, f"http://127.0.0.1:{port}", options.rounds)
    show(found)
    for pid, sizes in memory.items():
        who = "control worker" if pid in control else "Nginx worker"
        print(f"{who:<34} memory {sizes[0] / 1e6:.1f} MB at first, {max(sizes) / 1e6:.1f} MB at most", flush=True)

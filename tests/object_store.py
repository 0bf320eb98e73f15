"""An S3-compatible store on this machine: moto's server, a process of its own, that knows one bucket and one account."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import botocore.session

from tests.stack import PATIENCE, free_port

BUCKET = "films"
CREDENTIALS = "[default]\naws_access_key_id = AKIASLUICETESTS\naws_secret_access_key = {secret}\n"
SECRET = "tests/secret"


@dataclass
class ObjectStore:
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> str:
        return f'[vault]\nstore = "s3"\nendpoint = "{self.endpoint}"\nbucket = "{BUCKET}"\nprefix = "sluice/"\n'

    @property
    def client(self):
        """As somebody else would look into it."""
        return botocore.session.Session().create_client(
            "s3", region_name="us-east-1", endpoint_url=self.endpoint, aws_access_key_id="AKIASLUICETESTS",
            aws_secret_access_key=SECRET,
        )  # fmt: skip

    def start(self) -> None:
        command = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                break
            assert time.monotonic() < deadline and self.process.poll() is None, "the store does not start"
            time.sleep(0.05)
        self.client.create_bucket(Bucket=BUCKET)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def contents(self) -> dict[str, bytes]:
        client = self.client
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        names = [one["Key"] for page in pages for one in page.get("Contents", ())]
        return {name: client.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in names}

    @contextlib.contextmanager
    def killed(self) -> Iterator[None]:
        """By SIGKILL; it keeps nothing on a disk, so it is given back what it had."""
        kept = self.contents()
        self.kill()
        try:
            yield
        finally:
            self.start()
            client = self.client
            for name, content in kept.items():
                client.put_object(Bucket=BUCKET, Key=name, Body=content)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """It is there, and says nothing."""
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)


@contextlib.contextmanager
def running_store() -> Iterator[ObjectStore]:
    store = ObjectStore()
    store.start()
    try:
        yield store
    finally:
        store.kill()

"""An S3-compatible store on this machine: moto's server, a process of its own, that knows one bucket and one account."""

from __future__ import annotations

import contextlib
import json
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
import requests

from tests.stack import PATIENCE, free_port

BUCKET = "films"
EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@dataclass
class ObjectStore:
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None
    account: dict[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> str:
        return f'[vault]\nstore = "s3"\nendpoint = "{self.endpoint}"\nbucket = "{BUCKET}"\nprefix = "sluice/"\n'

    @property
    def client(self):
        """As somebody else would look into it."""
        return self._asking("s3", **self.account)

    @property
    def credentials(self) -> str:
        """The content of keys/s3.ini."""
        return "[default]\n" + "".join(f"{name} = {value}\n" for name, value in self.account.items())

    def start(self) -> None:
        command = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                break
            assert time.monotonic() < deadline and self.process.poll() is None, "the store does not start"
            time.sleep(0.05)
        self._make_account()
        self.client.create_bucket(Bucket=BUCKET)

    def _make_account(self) -> None:
        """The same one at every start. From now on each request must be signed by it."""
        requests.post(f"{self.endpoint}/moto-api/seed?a=1", timeout=PATIENCE).raise_for_status()
        iam = self._asking("iam", aws_access_key_id="nobody", aws_secret_access_key="yet")
        iam.create_user(UserName="sluice")
        iam.put_user_policy(UserName="sluice", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
        key = iam.create_access_key(UserName="sluice")["AccessKey"]
        self.account = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        requests.post(f"{self.endpoint}/moto-api/reset-auth", data=b"0", timeout=PATIENCE).raise_for_status()

    def _asking(self, service: str, **account: str):
        session = botocore.session.Session()
        return session.create_client(service, region_name="us-east-1", endpoint_url=self.endpoint, **account)

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

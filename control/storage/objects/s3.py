"""The vault in a bucket of an S3-compatible store.

Every content is sent with its MD5, so that the store refuses what was damaged on its way; what it has answered for is
durable. Only what every such store knows is asked of it: no batches, no newer kinds of checksums, path-style names.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import botocore.session
import structlog
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from control.errors import StorageUnavailable
from control.settings.sections import Vault
from nginx import contract

log = structlog.get_logger()

_CONFIG = Config(
    connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 3}, max_pool_connections=32,
    signature_version="s3v4", s3={"addressing_style": "path"},
    request_checksum_calculation="when_required", response_checksum_validation="when_required",
)  # fmt: skip
_AT_ONCE = 8  # requests, where there are many to make
_TYPES = {".ts": "video/mp2t", ".m3u8": "application/vnd.apple.mpegurl", ".json": "application/json"}


class S3:
    """`credentials` is a file in the form of ~/.aws/credentials; it is read once."""

    def __init__(self, vault: Vault, credentials: Path):
        self._vault = vault
        self._session = botocore.session.Session()
        self._session.set_config_variable("credentials_file", str(credentials))
        self._client = self._session.create_client(
            "s3", region_name=vault.region, endpoint_url=vault.endpoint, config=_CONFIG,
            verify=str(vault.trusted),
        )  # fmt: skip

    # --- contents --------------------------------------------------------------------------------

    def put(self, name: str, content: bytes) -> None:
        md5 = hashlib.md5(content, usedforsecurity=False).digest()
        with _told(name):
            self._client.put_object(
                **self._called(name), Body=content, ContentMD5=base64.b64encode(md5).decode(),
                ContentType=_TYPES.get(Path(name).suffix, "application/octet-stream"),
            )  # fmt: skip

    def get(self, name: str) -> bytes:
        with _told(name):
            return self._client.get_object(**self._called(name))["Body"].read()

    def names(self, prefix: str) -> dict[str, int]:
        whole = self._vault.prefix + prefix
        with _told(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._vault.bucket, Prefix=whole)
            found = [one for page in pages for one in page.get("Contents", ())]
        return {one["Key"].removeprefix(whole): one["Size"] for one in found}

    def settle(self, prefix: str) -> None:
        """Whatever the store has answered for, it keeps."""

    def remove(self, prefix: str) -> None:
        self._each(self._remove, (prefix + name for name in self.names(prefix)))

    def copy(self, prefix: str, to: str) -> None:
        self._each(lambda name: self._copy(prefix + name, to + name), self.names(prefix))

    def replace(self, prefix: str, by: str) -> None:
        fresh, there = self.names(by), self.names(prefix)
        if contract.MANIFEST in fresh:  # else an earlier try has come to its removal
            contents = fresh.keys() - {contract.MANIFEST}
            self._each(lambda name: self._copy(by + name, prefix + name), contents)
            self._copy(by + contract.MANIFEST, prefix + contract.MANIFEST)
            self._each(self._remove, (prefix + name for name in there.keys() - fresh.keys()))
            self._remove(by + contract.MANIFEST)
        self.remove(by)

    # --- for Nginx, and for who looks whether all is well ----------------------------------------

    def signature(self, name: str) -> dict[str, str]:
        """The headers of AWS's signature, version 4, over GET of this one object: good for 15 minutes."""
        asked = AWSRequest("GET", f"{self._vault.endpoint}{self._vault.path}{name}")
        with _told(name):
            credentials = self._session.get_credentials()
            if credentials is None:
                raise NoCredentialsError()
            S3SigV4Auth(credentials.get_frozen_credentials(), "s3", self._vault.region).add_auth(asked)
        return {header: asked.headers[header] for header in contract.STORE_HEADERS if header in asked.headers}

    def clock(self) -> float:
        """Seconds by which the store's clock is ahead of ours."""
        with _told(self._vault.bucket):
            answer = self._client.head_bucket(Bucket=self._vault.bucket)
        date = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return (date - datetime.now(UTC)).total_seconds()

    def _called(self, name: str) -> dict[str, str]:
        return {"Bucket": self._vault.bucket, "Key": self._vault.prefix + name}

    def _copy(self, name: str, to: str) -> None:
        with _told(name):
            self._client.copy_object(**self._called(to), CopySource=self._called(name))

    def _remove(self, name: str) -> None:
        with _told(name):
            self._client.delete_object(**self._called(name))

    def _each(self, act: Callable[[str], None], names: Iterable[str]) -> None:
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(act, names))


@contextmanager
def _told(name: str):
    """What the client raises, in our words. A store that says no is away for us: no content of ours is wrong."""
    try:
        yield
    except ClientError as error:
        if error.response["Error"].get("Code") in ("NoSuchKey", "404"):
            raise FileNotFoundError(name) from None
        raise _away("The store of the vault refuses us.", name, error) from error
    except BotoCoreError as error:
        raise _away("The store of the vault does not answer.", name, error) from error


def _away(says: str, name: str, error: Exception) -> StorageUnavailable:
    """Where the store is, and why, is for the log: viewers read the sentence."""
    log.warning("store_away", name=name, error=str(error))
    return StorageUnavailable(says)

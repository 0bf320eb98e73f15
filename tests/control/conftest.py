"""The vault as a directory and as a bucket: what is promised of one is promised of the other."""

from __future__ import annotations

import uuid

import pytest

from control.settings.sections import Vault
from control.storage.objects.posix import Posix
from control.storage.objects.s3 import S3
from control.vault.objects import Objects
from tests.object_store import BUCKET, running_store


@pytest.fixture(scope="session")
def object_store():
    with running_store() as store:
        yield store


@pytest.fixture(params=["posix", "s3"])
def objects(request, tmp_path) -> Objects:
    """An empty vault."""
    if request.param == "posix":
        return Posix(tmp_path / "vault")
    store = request.getfixturevalue("object_store")
    return bucket(store.endpoint, store.credentials, tmp_path)


def bucket(endpoint: str, credentials: str, tmp_path) -> S3:
    file = tmp_path / "s3.ini"
    file.write_text(credentials)
    return S3(Vault(store="s3", endpoint=endpoint, bucket=BUCKET, prefix=f"{uuid.uuid4().hex}/"), file)

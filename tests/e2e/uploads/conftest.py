"""Somebody who uploads."""

from __future__ import annotations

import pytest

from tests.e2e.uploads.clients import Person


@pytest.fixture(scope="module")
def uploader(stack) -> Person:
    return Person(stack)


@pytest.fixture(scope="module")
def viewer(uploader):
    return uploader.client()

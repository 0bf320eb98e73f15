"""A stack with the limits that it has by default, and four workers: what is tested here must hold across all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import NEIGHBOURS, Stack, running

SETTINGS = """
[server]
workers = 4
sign_ins_per_minute = 60000

[password]
memory_mib = 19
"""


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with running(SETTINGS + NEIGHBOURS) as stack:
        stack.place(b"gated", stack.data / "gate" / "plain.txt")
        yield stack


@pytest.fixture
def address(request) -> str:
    """An address of loopback that no other test comes from: limits count per address."""
    number = abs(hash(request.node.nodeid)) % 60000
    return f"127.77.{number // 250}.{number % 250 + 1}"

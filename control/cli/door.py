"""An edge's own questions to the doors of the control hosts."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from control.cli.outcome import CommandError
from nginx import contract

PATIENCE = 30.0


class Door:
    """Whichever control host answers, the first one first. Raises OSError where none does."""

    def __init__(self, origins: list[str], keys: Path):
        self._origins = origins
        self._context = ssl.create_default_context(cafile=keys / f"{contract.ORIGIN}.pem")
        self._context.load_cert_chain(keys / f"{contract.EDGE}.pem", keys / f"{contract.EDGE}.key")

    def get(self, path: str) -> bytes:
        return self._ask("GET", path, lambda: None)

    def put(self, path: str, file: Path) -> None:
        """Send a whole file; to send it once more is no harm."""
        with file.open("rb") as content:

            def from_its_start() -> BinaryIO:
                content.seek(0)
                return content

            self._ask("PUT", path, from_its_start, file.stat().st_size)

    def _ask(self, method: str, path: str, body: Callable, length: int = 0) -> bytes:
        for origin in self._origins[:-1]:
            try:
                return self._ask_one(origin, method, path, body(), length)
            except (OSError, http.client.HTTPException):
                continue
        return self._ask_one(self._origins[-1], method, path, body(), length)

    def _ask_one(self, origin: str, method: str, path: str, body: BinaryIO | None, length: int) -> bytes:
        host, _, port = origin.rpartition(":")
        connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=PATIENCE)
        plain = socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE)
        connection.sock = self._context.wrap_socket(plain, server_hostname=contract.ORIGIN_NAME)
        try:
            connection.request(method, path, body, {"Content-Length": str(length)} if body else {})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status not in (200, 201, 204):
            raise CommandError(f"{origin} answers {answer.status} to {method} {path}")
        return content

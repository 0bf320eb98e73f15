"""Requests to an Nginx of this machine over a socket: no client library that would tidy up what is asked."""

from __future__ import annotations

import http.client
import socket
import ssl

from control.cli.outcome import CommandError
from control.cli.probes import Answer, Request

PATIENCE = 15.0
ENOUGH = 1 << 20  # bytes of a body


class Wire:
    """One connection, kept alive and made anew whenever it is closed. `HOST` is this machine."""

    HOST = "127.0.0.1"

    def __init__(self, port: int, host: str = HOST):
        self.host, self._port, self._socket = host, port, None

    def ask(self, request: Request) -> Answer:
        """Raises CommandError where nothing answers."""
        try:
            return self._ask(request)
        except (OSError, http.client.HTTPException):  # it was kept alive for long enough
            self.close()
        try:
            return self._ask(request)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise CommandError(f"Nginx does not answer on port {self._port}: {error}") from None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, request: Request) -> Answer:
        connection = self._connected()
        connection.sendall(request.bytes())
        response = http.client.HTTPResponse(connection, method=request.method)
        with response:
            response.begin()
            body = b"" if request.endless else response.read(ENOUGH)
            headers = {name.lower(): value for name, value in response.getheaders()}
            whole = not request.endless and response.isclosed()
            if response.will_close or not whole:
                self.close()
        return Answer(response.status, headers, body)

    def _connected(self) -> ssl.SSLSocket:
        if self._socket is None:
            plain = socket.create_connection((self.host, self._port), timeout=PATIENCE)
            self._socket = _without_verification().wrap_socket(plain, server_hostname="localhost")
        return self._socket


def _without_verification() -> ssl.SSLContext:
    """It is our own process on this machine, and its certificate may name any host."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context

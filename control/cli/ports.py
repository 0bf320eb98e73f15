"""Whether this account can listen on a port: ``python -m control.cli.ports N`` says what is in the way."""

from __future__ import annotations

import errno
import socket
import sys


def problem(port: int) -> str | None:
    """What is in the way of listening on it, on IPv4 and IPv6; None where nothing is."""
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104
        try:
            _listen(family, address, port)
        except PermissionError:
            return "is reserved for root on this machine"
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is in use by another program"
    return None


def _listen(family: int, address: str, port: int) -> None:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind((address, port))
        probe.listen(1)


if __name__ == "__main__":
    found = problem(int(sys.argv[1]))
    if found:
        print(found)
        sys.exit(1)

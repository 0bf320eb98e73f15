"""Exit 0 when this account can listen on the port given, on IPv4 and IPv6; otherwise print what is in the way."""

import errno
import socket
import sys


def listen(family: int, address: str, port: int) -> None:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        probe.bind((address, port))
        probe.listen(1)


def main() -> int:
    port = int(sys.argv[1])
    for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104
        try:
            listen(family, address, port)
        except PermissionError:
            print("is reserved for root on this machine")
            return 1
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                print("is in use by another program")
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""This machine's addresses on its networks: ``python -m control.cli.addresses`` prints the one to open on a phone."""

from __future__ import annotations

import ipaddress
import socket

# Somewhere on the internet and on each private range (RFC 5737, 1918, 4193): the kernel names the address that it
# would send from. Connecting a datagram socket sends nothing.
_DESTINATIONS = ("192.0.2.1", "192.168.255.254", "10.255.255.254", "172.31.255.254", "2001:db8::1", "fd00::1")


def lan_addresses() -> list[str]:
    """This machine's own addresses, the one of its default route first; empty without a network."""
    candidates = filter(None, map(_source_address, _DESTINATIONS))
    return list(dict.fromkeys(address for address in candidates if _useful(address)))


def _source_address(destination: str) -> str | None:
    family = socket.AF_INET6 if ":" in destination else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((destination, 9))
            return probe.getsockname()[0]
    except OSError:
        return None


def _useful(address: str) -> bool:
    parsed = ipaddress.ip_address(address)
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)


if __name__ == "__main__":
    found = [address for address in lan_addresses() if ":" not in address]
    if found:
        print(found[0])

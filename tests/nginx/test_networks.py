"""The network of a client is the same text for Nginx, which verifies bound /d/ links, and for Python, which makes them."""

from __future__ import annotations

import random
import re
from ipaddress import IPv6Address, ip_address, ip_network

import pytest

from nginx import contract


def nginx_network(address: str) -> str | None:
    """What the map makes of $remote_addr."""
    for pattern, network in contract.CLIENT_NETWORKS:
        if found := re.search(pattern.replace("(?<", "(?P<"), address):
            return re.sub(r"\$(sluice_net[0-3]?)", lambda name: found[name[1]], network)
    return None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.0/24"), ("192.168.17.255", "192.168.17.0/24"), ("::ffff:10.1.2.3", "10.1.2.0/24"),
        ("::1", "0:0:0:0::/64"), ("::", "0:0:0:0::/64"), ("fd00::17", "fd00:0:0:0::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("2001:db8:1:2::6", "2001:db8:1:2::/64"),
        ("2001:db8:1::6", "2001:db8:1:0::/64"), ("2001:db8::5:6:7:8", "2001:db8:0:0::/64"),
        ("1::4:5:6:7:8", "1:0:0:4::/64"), ("::3:4:5:6:7:8", "0:0:3:4::/64"), ("::4:5:6:7:8", "0:0:0:4::/64"),
    ],
)  # fmt: skip
def test_both_sides_write_a_network_alike(address, network):
    assert contract.network_of(address) == nginx_network(address) == network
    assert re.fullmatch(contract.NETWORK, network) and ip_address(address.removeprefix("::ffff:")) in ip_network(
        network
    )


def test_any_address_of_ipv6():
    """Python writes it as RFC 5952 says, and so does Nginx."""
    draw = random.Random(6)
    for _ in range(20_000):
        groups = [draw.choice([0, 0, 1, draw.randrange(0x10000)]) for _ in range(8)]
        address = str(IPv6Address(b"".join(group.to_bytes(2, "big") for group in groups)))
        assert nginx_network(address) == contract.network_of(address), address


@pytest.mark.parametrize("text", ["", "unix:", "here", "1.2.3", "1.2.3.4.5", "0.0.0.0/24"])
def test_what_is_no_address_has_no_network(text):
    with pytest.raises(ValueError, match="IPv4 or IPv6"):
        contract.network_of(text)

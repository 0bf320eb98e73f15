"""The playbook against a real Debian tree, and then what its units say (`deploy/test --soak tests/deploy/test_converged.py`)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.tree import Tree

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("debootstrap"), reason="needs root and debootstrap"),
]

NETWORKS = {
    "IPv4 only": ["10.0.0.0/8"],
    "IPv6 only": ["fd00::/8"],
    "both, overlapping": ["10.0.0.0/8", "10.8.0.0/24", "fd00::/8"],
}


def variables(networks: list[str]) -> dict:
    return {
        "sluice_settings": {"server": {"port": 3128, "allowed_networks": ["127.0.0.0/8", "::1/128", *networks]}},
        "sluice_firewall_networks": networks,
        "sluice_vpn_networks": ["10.8.0.0/24"] if "10.0.0.0/8" in networks else [],
        "sluice_backup": "/var/backups/sluice",
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Tree:
    tree = Tree(tmp_path_factory.mktemp("debian") / "tree")
    tree.make()
    tree.converge(**variables(NETWORKS["both, overlapping"]))
    return tree


def test_the_second_run_changes_nothing(tree):
    counts = tree.converge(**variables(NETWORKS["both, overlapping"]))
    assert (counts["changed"], counts["failed"]) == (0, 0)


def test_what_the_units_say_makes_a_sluice_that_plays_a_film(tree):
    shutil.copy(Path(__file__).with_name("units.py"), tree.path / "root/units.py")
    said = tree.run("/opt/ansible/bin/python", "/root/units.py", network="none")
    assert "its stream plays" in said, said


def test_logrotate_understands_its_file(tree):
    assert "error:" not in tree.run("logrotate", "--debug", "/etc/logrotate.d/sluice")


@pytest.mark.parametrize("networks", NETWORKS.values(), ids=NETWORKS)
def test_the_firewall_is_what_nft_takes(tree, networks):
    """The playbook itself asks nft before it puts a file in place."""
    tree.converge(**variables(networks))
    assert subprocess.run(["grep", "-c", networks[0], tree.path / "etc/nftables.conf"]).returncode == 0

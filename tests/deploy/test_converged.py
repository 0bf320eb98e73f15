"""The playbook against a real Debian tree, and then what its units say (`deploy/test --soak tests/deploy/test_converged.py`)."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

from control.cli.certificate import ensure_certificate
from control.cli.checks.files import belong_together
from tests.deploy.tree import GROUPS, Tree, loopback
from tests.e2e.people import wait_until

HERE = Path(__file__).parent
UNITS = ("/opt/ansible/bin/python", "/root/units.py")
HOST_SECONDS = 1800

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a tree of a system"),
]

NETWORKS = {
    "IPv4 only": ["10.0.0.0/8"],
    "IPv6 only": ["fd00::/8"],
    "both, overlapping": ["10.0.0.0/8", "10.8.0.0/24", "fd00::/8"],
}


def variables(networks: list[str] = NETWORKS["both, overlapping"], port: int = 3128, door: int = 3129, **more) -> dict:
    server = {"port": port, "allowed_networks": ["127.0.0.0/8", "::1/128", *networks]}
    return more | {
        "sluice_settings": {"server": server, "edge": {"door": door}},
        "sluice_firewall_networks": networks,
        "sluice_vpn_networks": ["10.8.0.0/24"] if "10.0.0.0/8" in networks else [],
        "sluice_backup": "/var/backups/sluice",
    }


@pytest.fixture(scope="module")
def bare(tmp_path_factory) -> Tree:
    bare = Tree(tmp_path_factory.mktemp("debian") / "bare")
    bare.make()
    return bare


@pytest.fixture(scope="module")
def tree(bare) -> Tree:
    """A host with every part but an edge."""
    tree = bare.copy(bare.path.with_name("tree"))
    tree.converge(**variables())
    return tree


def test_the_second_run_changes_nothing(tree):
    counts = tree.converge(**variables())
    assert (counts["changed"], counts["failed"]) == (0, 0)


def test_what_the_units_say_makes_a_sluice_with_an_edge_that_plays_a_film_and_refuses_what_it_must(
    tree, bare, tmp_path
):
    """With a certificate that was given; what is made where none is, the tests of deploy/up see."""
    files = tmp_path / "given.pem", tmp_path / "given.key"
    ensure_certificate(*files)
    edge = bare.copy(bare.path.with_name("edge"))
    for host in (tree, edge):
        host.give(*files, HERE / "units.py")
    given = {
        "sluice_certificate_from": "given", "nginx_certificate": "/root/given.pem",
        "nginx_certificate_key": "/root/given.key",
    }  # fmt: skip
    twice(tree, GROUPS, variables(**given))
    with loopback() as network, ThreadPoolExecutor() as beside:
        host = beside.submit(tree.run, *UNITS, "host", network=network)
        wait_until(lambda: (tree.path / "root/ready").exists() or host.done(), HOST_SECONDS)
        assert not host.done(), host.result()
        shutil.copytree(tree.path / "var/lib/sluice/edge-one", edge.path / "root/edge-one")
        twice(edge, ("edge",), variables(port=3130, edge_minted="/root/edge-one", **given))
        other = beside.submit(edge.run, *UNITS, "edge", network=network)
        try:
            said = host.result()
        finally:
            (edge.path / "root/over").touch()
        other.result()
    assert "its stream plays" in said, said
    assert said.count("answers, every one right") == 2, said
    assert said.count(f"certificate {ssl.PEM_cert_to_DER_cert(files[0].read_text()).hex()}") == 2, said


SHARED = ("vault", "archive", "files", "quarantine", "imports", "keys", "spool")


def test_a_second_control_host_asks_the_stores_of_the_first_and_plays_its_film(tree, bare, tmp_path):
    password = tmp_path / "stores-password"
    password.write_text(secrets.token_hex(16) + "\n")
    second = bare.copy(bare.path.with_name("second"))
    for host in (tree, second):
        host.give(password, HERE / "units.py")
        for name in ("ready", "over"):
            (host.path / "root" / name).unlink(missing_ok=True)
    twice(tree, GROUPS, variables(redis_bind="127.0.0.1", redis_password_file="/root/stores-password"))
    said = password.read_text().strip()
    stores = {
        "sluice_database_url": f"postgresql://sluice:{said}@127.0.0.1/sluice",
        "sluice_redis_url": f"redis://:{said}@127.0.0.1:6379/0",
    }
    twice(second, ("control", "processor", "nginx"), variables(port=3131, door=3132, **stores))
    with loopback() as network, ThreadPoolExecutor() as beside:
        first = beside.submit(tree.run, *UNITS, "first", network=network)
        try:
            wait_until(lambda: (tree.path / "root/ready").exists() or first.done(), HOST_SECONDS)
            assert not first.done(), first.result()
            shutil.copy(tree.path / "var/lib/sluice/admin-password", second.path / "root")
            with shared(tree.path / "var/lib/sluice", second.path / "var/lib/sluice"):
                said = second.run(*UNITS, "second", network=network)
        finally:
            (tree.path / "root/over").touch()
        first.result()
    assert "its stream plays" in said and "answers, every one right" in said, said


@contextlib.contextmanager
def shared(mine: Path, theirs: Path) -> Iterator[None]:
    """As a network file system would: the directories of one host at another."""
    with contextlib.ExitStack() as mounts:
        for name in SHARED:
            (theirs / name).mkdir(exist_ok=True)
            subprocess.run(["mount", "--bind", mine / name, theirs / name], check=True)
            mounts.callback(subprocess.run, ["umount", theirs / name], check=True)
        yield


def twice(machine: Tree, groups: tuple[str, ...], given: dict) -> None:
    """The second run changes nothing."""
    machine.converge(groups=groups, **given)
    counts = machine.converge(groups=groups, **given)
    assert (counts["changed"], counts["failed"]) == (0, 0)


def test_a_certificate_from_an_acme_server_comes_and_is_renewed(tree):
    """By certbot and Debian's pebble, which asks this machine's port 80 for its answer."""
    tree.run("apt-get", "install", "--yes", "--quiet", "pebble")
    tree.give(HERE / "acme.sh")
    acme = variables(
        sluice_certificate_from="acme", nginx_domains=["media.example.org"], nginx_acme_mail="admin@example.org",
        nginx_acme_server="https://localhost:14000/dir",
    )  # fmt: skip
    within = ("sh", "/root/acme.sh")
    tree.converge(within, **acme)
    renewed = brought(tree)
    assert renewed != (tree.path / "root/pebble/first.pem").read_bytes()
    counts = tree.converge(within, **acme)
    assert (counts["changed"], counts["failed"]) == (0, 0)
    assert brought(tree) == renewed


def brought(tree: Tree) -> bytes:
    """The certificate where Nginx finds it, once it is one for the name with its key beside it, for the account alone."""
    files = [tree.path / "etc/sluice/tls" / name for name in ("certificate.pem", "key.pem")]
    chain, key = (file.read_bytes() for file in files)
    found = x509.load_pem_x509_certificate(chain)
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["media.example.org"]
    assert "Pebble" in found.issuer.rfc4514_string()
    assert belong_together(found, key)
    account = (tree.path / "var/lib/sluice").stat().st_uid
    assert {(file.stat().st_uid, file.stat().st_mode & 0o777) for file in files} == {(account, 0o400)}
    return chain


def test_logrotate_understands_its_file(tree):
    assert "error:" not in tree.run("logrotate", "--debug", "/etc/logrotate.d/sluice")


@pytest.mark.parametrize("networks", NETWORKS.values(), ids=NETWORKS)
def test_the_firewall_is_what_nft_takes(tree, networks):
    """The playbook itself asks nft before it puts a file in place."""
    tree.converge(**variables(networks))
    assert subprocess.run(["grep", "-c", networks[0], tree.path / "etc/nftables.conf"]).returncode == 0

"""`sluice init` makes a data directory once, and never replaces what is there."""

import json
import os
import stat

import pytest
from click.testing import CliRunner
from cryptography import x509

from control import bootstrap, settings
from control.cli.init import command
from control.settings.paths import DIRECTORIES


@pytest.fixture
def data(tmp_path):
    assert init(tmp_path / "data").exit_code == 0
    return tmp_path / "data"


def init(data, *arguments):
    return CliRunner().invoke(command, arguments, obj=data, catch_exceptions=False)


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_every_directory_has_its_mode_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        init(tmp_path / "data")
    finally:
        os.umask(before)
    assert {name: mode(tmp_path / "data" / name) for name in DIRECTORIES} == DIRECTORIES


def test_keys_have_their_form_and_are_for_the_account_alone(data):
    keys = data / "keys"
    assert {path.name: mode(path) for path in keys.iterdir()} == dict.fromkeys(
        ["master.key", "stream.key", "get.key", "tokens.json", "links.json"], 0o600
    )
    assert len(bytes.fromhex((keys / "master.key").read_text().strip())) == 32
    ring = json.loads((keys / "links.json").read_text())
    assert len(bytes.fromhex(ring["keys"][ring["current"]])) == 32


def test_a_second_init_changes_nothing(data):
    (data / "sluice.toml").write_text("[server]\nport = 1234\n")
    before = {path: path.read_bytes() for path in data.rglob("*") if path.is_file()}
    init(data, "--port", "4321", "--demo")
    assert {path: path.read_bytes() for path in data.rglob("*") if path.is_file()} == before


def test_a_directory_of_an_older_version_gets_the_key_that_it_lacks(data):
    (data / "keys/get.key").unlink()
    before = {path: path.read_bytes() for path in (data / "keys").iterdir()}
    init(data)
    after = {path: path.read_bytes() for path in (data / "keys").iterdir()}
    assert after.items() >= before.items() and (after.keys() - before.keys()) == {data / "keys/get.key"}
    assert bootstrap.services(settings.load(data)).links  # and starts


def test_the_certificate_names_this_machine(data):
    certificate = x509.load_pem_x509_certificate((data / "tls" / "certificate.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "localhost" in names.get_values_for_type(x509.DNSName)
    assert {"127.0.0.1", "::1"} <= {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    assert mode(data / "tls" / "key.pem") == 0o600

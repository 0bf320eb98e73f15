"""The signers of deploy/integrations/links make what the server accepts, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote

import pytest

from control.errors import OtherNetwork
from control.services.links import Links
from control.services.tokens import SigningKeys
from control.settings.sections import Links as Limits
from nginx import contract

LINKS = Path(__file__).resolve().parents[2] / "deploy/integrations/links"
SECRET, SERVER = "5ecret" * 8, "https://media.example.org"

# PowerShell is not in Debian: its signer is run where `pwsh` is there.
POWERSHELL = {
    "stream": "New-SluiceStreamLink '{0}' '{1}' {2} ([Text.Encoding]::UTF8.GetBytes($env:SLUICE_SECRET)) '{3}'",
    "get": "New-SluiceGetLink '{0}' '{1}' {2} ([Text.Encoding]::UTF8.GetBytes($env:SLUICE_SECRET)) '{3}'",
    "d": "New-SluiceDownloadLink '{0}' '{1}' '{2}' {3} '{4}' $env:SLUICE_SECRET '{5}'",
}
SIGNERS = {
    "python": [sys.executable, LINKS / "sluice_links.py"],
    "php": ["php", LINKS / "sluice_links.php"],
    "shell": ["sh", LINKS / "sluice-links.sh"],
    "powershell": ["pwsh"],
}


@pytest.fixture(params=SIGNERS)
def signed(request):
    """signed(form, *arguments) -> the link that this signer prints."""
    command = SIGNERS[request.param]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not here")

    def signed(form: str, *arguments: str) -> str:
        if request.param == "powershell":
            script = f". '{LINKS / 'SluiceLinks.ps1'}'; {POWERSHELL[form].format(*arguments, '')}"
            full = ["pwsh", "-NoProfile", "-Command", script]
        else:
            full = [*command, form, *arguments]
        environment = {**os.environ, "SLUICE_SECRET": SECRET}
        return subprocess.run(full, capture_output=True, text=True, check=True, env=environment).stdout.strip()

    return signed


@pytest.mark.parametrize("stream_id", ["track1", "0f0f0f0f-0000-4000-8000-000000000001", "a_b-C9"])
def test_a_stream_link_verifies(signed, stream_id):
    link = signed("stream", SERVER, stream_id, "3600")
    found = re.fullmatch(rf"{SERVER}/stream/{stream_id}\?expires=(\d{{10}})&sig=([0-9a-f]{{64}})", link)
    assert abs(int(found[1]) - time.time() - 3600) < 120
    assert found[2] == hmac.new(SECRET.encode(), f"{stream_id}|{found[1]}".encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("path", ["a.mp4", "Films/a b/ü%?#~(x)-1_2.mp4", "日本/+&=;@:!$*,.mp3"])
def test_a_download_link_verifies(signed, path):
    link = signed("d", SERVER, "films", path, "60", "k1")
    found = re.fullmatch(rf"{SERVER}/d/k1/({contract.MD5})/(\d{{10}})/films/([\x21-\x7e]+)", link)
    assert found and "?" not in found[3] and "#" not in found[3] and unquote(found[3]) == path
    expression = contract.download_expression(found[2], "films", path, SECRET)
    assert found[1] == contract.secure_link_md5(expression)


KEYS = ["media/0f0f0f0f-0000-4000-8000-000000000001", "users/a/2026/11/27/b", "x" * 99]
NETWORKS = ["192.168.1.0/24", "fd00:0:0:1::/64"]


@pytest.mark.parametrize("key", KEYS)
def test_a_get_link_verifies(signed, key):
    link = signed("get", SERVER, key, "3600")
    found = re.fullmatch(rf"{SERVER}/get/([A-Za-z0-9_-]+)\?exp=(\d{{10}})&sig=([0-9a-f]{{64}})", link)
    assert found[1] == base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")
    assert found[3] == hmac.new(SECRET.encode(), f"{key}|{found[2]}".encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("network", NETWORKS)
def test_a_link_bound_to_a_network_verifies(signed, network):
    """By the code that the server itself verifies with."""
    address = network.split("/")[0].replace("::", "::7").replace(".0", ".7")
    assert contract.network_of(address) == network
    links = Links(SERVER, SigningKeys("k1", {"k1": SECRET}), SECRET.encode(), SECRET.encode(), Limits())
    stream_id, query = signed("stream", SERVER, "track1", "60", network).rpartition("/stream/")[2].split("?")
    links.verify_stream(stream_id, query, address)
    with pytest.raises(OtherNetwork):
        links.verify_stream(stream_id, query, "10.9.8.7")
    encoded_key, query = signed("get", SERVER, KEYS[0], "60", network).rpartition("/get/")[2].split("?")
    assert links.verify_get(encoded_key, query, address) == KEYS[0]
    link = signed("d", SERVER, "films", "a b/ü.mp4", "60", "k1", network)
    found = re.fullmatch(rf"{SERVER}/d/k1/net/({contract.MD5})/(\d{{10}})/films/(a%20b/[\w%.]+)", link)
    assert unquote(found[3]) == "a b/ü.mp4"
    expression = contract.bound_download_expression(found[2], "films", "a b/ü.mp4", SECRET, network)
    assert found[1] == contract.secure_link_md5(expression)

"""The vault in a bucket: Nginx fetches what is signed or handed over, by one way, and believes the store nothing else."""

from __future__ import annotations

import re

import pytest

from control.settings.sections import Vault
from nginx import contract
from nginx import render as renderer
from nginx.settings import in_hosts, resolvers
from tests.nginx.test_contract import location_blocks

# (endpoint, Host, who is asked)
ENDPOINTS = [
    ("https://store.example", "store.example", "https://store.example:443"),
    ("https://store.example:443", "store.example", "https://store.example:443"),
    ("http://store.example:9000", "store.example:9000", "http://store.example:9000"),
    ("http://10.0.0.5:9000", "10.0.0.5:9000", "http://store"),
    ("https://[fd00::5]", "[fd00::5]", "https://store"),
    ("http://localhost:9000", "localhost:9000", "http://store"),
]


@pytest.mark.parametrize(("endpoint", "host", "asked"), ENDPOINTS)
def test_nginx_takes_the_configuration_of_any_endpoint(settings, endpoint, host, asked):
    vault = Vault(store="s3", endpoint=endpoint, bucket="films", prefix="sluice/")
    stored = settings.model_copy(update={"vault": vault})
    text = renderer.text(stored)
    assert f'proxy_set_header Host "{host}";' in text
    assert f"proxy_pass {asked}/films/sluice/$sluice_shard/$sluice_media/$sluice_file;" in text
    assert ("resolver " in text) == (asked != "http://store" and asked != "https://store")
    assert text.count("proxy_ssl_verify on;") == endpoint.startswith("https")
    renderer.try_out(stored)


def test_without_a_store_nothing_of_it_is_there(settings, rendered):
    assert "proxy_cache objects" not in rendered and contract.objects_socket(settings.paths.run).name not in rendered


def test_what_is_fetched_was_signed_or_handed_over_before(store_rendered):
    fetching = [(head, body) for head, body in location_blocks(store_rendered) if "proxy_pass http://objects/" in body]
    assert len(fetching) == 6  # segments, playlists and pictures, here and at the door
    for head, body in fetching:
        assert "secure_link_md5 " in body or "internal;" in body, head
        assert "return 405;" in body and "proxy_pass_request_headers off;" in body, head
        assert body.index("500 502 503 504 = @store_away") < body.index("502 504 = @control_unavailable"), head
    assert not re.search(r'alias "[^"]*/vault/', store_rendered)


def test_only_the_half_behind_the_socket_asks_the_store_and_control_signs_each_time(store_rendered):
    asking = [body for _, body in location_blocks(store_rendered) if "$sluice_signed" in body]
    assert len(asking) == 1 and f"auth_request {contract.OBJECT.path};" in asking[0]
    ignored = re.search(r"proxy_ignore_headers ([^;]+);", asking[0])[1].split()
    assert {"X-Accel-Redirect", "X-Accel-Expires", "Set-Cookie", "Cache-Control"} <= set(ignored)
    for number, name in enumerate(contract.STORE_HEADERS, 1):
        assert f"proxy_set_header {name} $sluice_signed{number};" in asking[0]
    signing = next(body for head, body in location_blocks(store_rendered) if f"= {contract.OBJECT.path} " in head)
    assert "internal;" in signing
    assert f"proxy_set_header {contract.CLIENT_ADDRESS.name} {contract.CLIENT_ADDRESS.variable};" in signing


def test_no_signature_is_in_an_address(store_rendered):
    """An address is in the log of errors."""
    for _, body in location_blocks(store_rendered):
        for target in re.findall(r"proxy_pass ([^;]+);", body):
            assert "$sluice_signed" not in target


def test_names_are_found_as_the_system_finds_them(tmp_path):
    hosts, resolv = tmp_path / "hosts", tmp_path / "resolv.conf"
    hosts.write_text("# 10.0.0.1 store\n127.0.0.1 localhost\n10.0.0.7\tstore.lan store # ours\n")
    resolv.write_text("search lan\nnameserver 10.0.0.53\nnameserver fd00::53\nnameserver fe80::1%eth0\noptions ndots:1\n")
    assert (in_hosts("store", hosts), in_hosts("elsewhere", hosts)) == ("10.0.0.7", None)
    assert resolvers(resolv) == "10.0.0.53 [fd00::53]"

"""Both Nginx linters are clean, and both would notice (threats G09, G15)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nginx import contract
from nginx import render as renderer
from nginx import settings as nginx_settings
from tests.nginx.test_contract import location_blocks

LINTERS = ("gixy-next", "gixy-ng")

# host_spoofing: the client's Host is only ever compared with its own Origin; no address is built from it.
# proxy_pass_normalized: those two paths are made of captures with closed character sets.
# proxy_buffering_off: what a drive's own Nginx reads goes through one buffer for each client, not through eight and a disk.
# stale_dns_cache: an edge knows its control hosts by address, or is reloaded where a name means another one.
# add_header_content_type: a refusal after X-Accel-Redirect has the type that control gave the file; default_type is too weak.
ACCEPTED = "host_spoofing,proxy_pass_normalized,proxy_buffering_off,add_header_content_type,stale_dns_cache"

PLANTED = """
events {}
http {
    server {
        listen 80;
        location /files { alias /srv/files/; }
        location ~ "^/r/(.*)$" { rewrite "^/r/(.*)$" /x/$1?y last; }
    }
}
"""


def findings(linter: str, configuration: Path, *options: str) -> list[str]:
    command = [Path(sys.prefix) / "linters" / linter / "bin" / "gixy", "-f", "json", *options, configuration]
    done = subprocess.run(command, capture_output=True, text=True)
    start = done.stdout.find("[")
    assert start >= 0, done.stderr
    return [
        f"{found['plugin']}: {found.get('reason') or found['summary']}" for found in json.loads(done.stdout[start:])
    ]


@pytest.mark.parametrize("linter", LINTERS)
@pytest.mark.parametrize("role", ["rendered", "door_rendered", "edge_rendered", "store_rendered"])
def test_G09_the_rendered_configuration_is_clean(linter, role, request, tmp_path):
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(request.getfixturevalue(role))
    assert not findings(linter, configuration, "--skips", ACCEPTED)


@pytest.mark.parametrize("linter", LINTERS)
def test_G09_a_planted_fault_is_found(linter, tmp_path):
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(PLANTED)
    assert any("alias_traversal" in found for found in findings(linter, configuration))


def test_G15_no_regular_expression_has_the_shape_of_a_memory_bug(door_rendered, edge_rendered):
    """Unnamed captures, or a `?` in the replacement of a rewrite (CVE-2026-42945 and its like); no slice, mp4 or dav."""
    for line in (door_rendered + edge_rendered).splitlines():
        words = line.strip().split()
        if words and words[0] == "rewrite":
            assert "?" not in words[2] and "$1" not in line, line
        assert not words or words[0].rstrip(";") not in ("slice", "mp4", "dav_methods"), line
        if words[:2] == ["location", "~"]:
            assert "(" not in line.replace("(?<", "").replace("(?:", ""), line


def test_ssi_is_read_in_one_internal_location_whose_answer_control_alone_writes(rendered):
    found = [(head, body) for head, body in location_blocks(rendered) if re.search(r"^\s*ssi on;", body, re.MULTILINE)]
    assert rendered.count("ssi on;") == len(found) == 1
    head, body = found[0]
    assert contract.PARTS.path in head and "internal;" in body and "proxy_pass http://control;" in body


def test_without_the_modules_that_assemble_archives_nginx_asks_control_for_them(settings, monkeypatch, tmp_path):
    monkeypatch.setattr(nginx_settings, "modules", list)
    alone = tmp_path / "nginx.conf"
    alone.write_text(renderer.text(settings))
    renderer.check(alone, settings)
    assert not re.search(r"echo_|more_|\bssi\b", alone.read_text())
    assert f"http://control{contract.PARTS.path}$sluice_target?{contract.WHOLE_PARAM.name};" in alone.read_text()

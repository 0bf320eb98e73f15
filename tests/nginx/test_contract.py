"""The boundary holds: both sides use what nginx/contract.py declares, and nothing else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import falcon.inspect
import jinja2
import pytest

from control.storage.sql import pool
from nginx import contract
from nginx import render as renderer
from nginx import settings as nginx_settings

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "nginx/templates").rglob("*.j2"))
PYTHON = [p for package in ("control", "processor", "nginx") for p in sorted((ROOT / package).rglob("*.py"))
          if p.name != "contract.py"]  # fmt: skip

NAMES = (
    [header.name for header in (*contract.REQUEST_HEADERS, *contract.RESPONSE_HEADERS)]
    + [cookie.name for cookie in (contract.ACCESS_COOKIE, contract.REFRESH_COOKIE, contract.DEVICE_COOKIE)]
    + [contract.INTERNAL, contract.MASTER_PLAYLIST, contract.PLAYLIST, contract.IMAGE]
)


def directives(text: str) -> str:
    """A template without its comments."""
    text = re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    return "\n".join(re.sub(r"(^|\s)#\s.*$", "", line) for line in text.splitlines())


def strings(path: Path) -> list[str]:
    """The string constants of a module, docstrings left out."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda p: p.name)
def test_no_template_spells_out_what_the_contract_owns(template):
    text = directives(template.read_text())
    for name in NAMES:
        assert name not in text, f"{template.name} spells out {name}"
    assert "$upstream_http_" not in text
    assert contract.HLS.path not in text and contract.STREAM.path not in text


@pytest.mark.parametrize("module", PYTHON, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_module_spells_out_what_the_contract_owns(module):
    for text in strings(module):
        for name in NAMES:
            assert name not in text, f"{module} spells out {name!r}"


@pytest.mark.parametrize("header", contract.REQUEST_HEADERS, ids=lambda h: h.name)
def test_nginx_writes_and_control_reads_every_request_header(header, rendered):
    assert f"proxy_set_header {header.name} " in rendered
    constant = next(name for name, value in vars(contract).items() if value is header)
    assert any(f"contract.{constant}.environ" in path.read_text() for path in PYTHON), constant


@pytest.mark.parametrize("header", contract.RESPONSE_HEADERS, ids=lambda h: h.name)
def test_control_writes_every_response_header_and_nginx_knows_it(header, rendered):
    constant = next(name for name, value in vars(contract).items() if value is header)
    assert any(f"contract.{constant}.name" in path.read_text() for path in PYTHON), constant
    used = header.variable in rendered or f"proxy_hide_header {header.name};" in rendered
    assert used or header.public, header.name


def test_the_upstream_variable_is_derived_from_the_header():
    assert contract.ResponseHeader("X-Media-User").variable == "$upstream_http_x_media_user"
    assert contract.RequestHeader("X-Media-User").environ == "HTTP_X_MEDIA_USER"


def test_every_proxied_location_is_a_route_of_control(app):
    routes = [route.path for route in falcon.inspect.inspect_routes(app)]
    for location in contract.LOCATIONS:
        if location.proxied:
            assert any(route.startswith(location.path) for route in routes), location.path


def test_every_accel_target_is_internal(rendered):
    blocks = location_blocks(rendered)
    for prefix in (contract.VAULT, contract.ORIGINALS, contract.STORED, contract.MOUNTS, contract.AUTH):
        found = [body for head, body in blocks if prefix.path in head]
        assert found, prefix
        assert all(re.search(r"^\s*internal;", body, re.MULTILINE) for body in found), prefix


def test_no_block_with_headers_of_its_own_forgets_the_security_headers(door_rendered, edge_rendered, store_rendered):
    for head, body in (block for text in (door_rendered, edge_rendered, store_rendered) for block in location_blocks(text)):
        if "add_header" in body:
            assert "X-Content-Type-Options nosniff" in body and "Content-Security-Policy" in body, head


def test_every_disk_location_is_internal_gated_signed_or_our_own_static_files(door_rendered):
    """Threat G10: no public location shadows a private one."""
    for head, body in location_blocks(door_rendered):
        if contract.EDGE_KEYS.path in head or contract.EDGE_LOGS.path in head:  # at the door, and never for a viewer
            assert f"if ({contract.CLIENT_ADDRESS.variable}) {{ return 404; }}" in body
        elif re.search(r"^\s*(alias|root) ", body, re.MULTILINE) and contract.STATIC.path not in head:
            assert "internal;" in body or "auth_request " in body or "secure_link_md5 " in body, head


def test_the_door_asks_for_the_certificate_of_an_edge(door_rendered):
    main, door = door_rendered.split("\n    server_name _;")[1:]
    assert "ssl_verify_client on;" in door and 'if ($sluice_edge = "") {' in door
    assert "ssl_verify_client" not in main and "real_ip_header" not in main and contract.EDGE_KEYS.path not in main


def test_an_edge_sends_nothing_twice_that_may_not_be(edge_rendered):
    """A POST or PATCH that was sent may have been done: then nobody else is asked. Segments alone are kept."""
    proxied = [(head, body) for head, body in location_blocks(edge_rendered) if "proxy_pass " in body]
    for head, body in proxied:
        assert re.findall(r"proxy_next_upstream ([^;]+);", body) == ["error timeout http_502"], head
        assert f"proxy_set_header {contract.CLIENT_ADDRESS.name} $remote_addr;" in body, head
        assert "proxy_ssl_verify on;" in body, head
    kept = [(head, body) for head, body in proxied if "proxy_cache segments;" in body]
    assert [contract.HLS_SEGMENT in head and "secure_link_md5 " in body for head, body in kept] == [True]


def test_whoever_can_say_more_than_there_is_no_answer_is_waited_for(door_rendered, edge_rendered):
    """Control for its database, a control host for its control and its drives, the time for another host for one of them."""
    ours, host = nginx_settings.CONTROL_SECONDS, nginx_settings.HOST_SECONDS
    heads = ("location / {", f"location {contract.SHARES.path} {{")
    assert pool.WAIT_SECONDS + pool.ANSWER_SECONDS < ours["decision"] < host["decision"]
    assert 2 * pool.STATEMENT_TIMEOUT_MS / 1000 < ours["question"] < host["question"] > nginx_settings.DRIVE_SECONDS
    assert max(host["segment"], host["decision"], host["question"]) < nginx_settings.ANOTHER_HOST_SECONDS < 20
    for rendered, seconds in ((door_rendered, ours), (edge_rendered, host)):
        waits = [(head, int(found)) for head, body in location_blocks(rendered)
                 for found in re.findall(r"proxy_read_timeout (\d+)s;", body)]  # fmt: skip
        assert {wait for head, wait in waits if "@asked" in head} == {seconds["question"]}
        assert {wait for head, wait in waits if contract.HLS_KEY in head} == {seconds["decision"]}
        assert {wait for head, wait in waits if head in heads} == {seconds["change"]}
    assert {wait for head, wait in waits if contract.HLS_SEGMENT in head} == {host["segment"]}


def test_at_the_door_alone_a_control_that_starts_or_stops_is_not_waited_for(settings, door_rendered):
    flag = f'if (-f "{contract.control_away(settings.paths.run)}") {{ return 502; }}'
    main, door = door_rendered.split("\n    server_name _;")[1:]
    assert flag not in main and door.count(flag) == door.count("proxy_pass http://control") > 10


def test_an_undeclared_name_fails_the_render(settings, tmp_path, monkeypatch):
    broken = tmp_path / "templates"
    broken.mkdir()
    (broken / "nginx.conf.j2").write_text("{{ contract.NO_SUCH_HEADER.variable }}")
    monkeypatch.setattr(renderer, "TEMPLATES", broken)
    with pytest.raises(jinja2.UndefinedError):
        renderer.text(settings)


def test_no_page_of_another_origin_is_let_in_unless_a_setting_names_it(settings, rendered):
    without_reader = rendered.replace(reader_block(rendered), "")  # static files, for a frame that has no origin
    assert "Access-Control" not in without_reader and "$sluice_preflight" not in rendered
    origins = settings.server.model_copy(update={"cors_origins": ["https://a.example", "http://[::1]:8080"]})
    named = renderer.text(settings.model_copy(update={"server": origins}))
    for head, body in [("server", named), *location_blocks(named)]:
        assert ("Access-Control-Allow-Origin" in body) == ("X-Content-Type-Options" in body), head
    assert reader_block(rendered).count("Access-Control") == 1 and "sandbox allow-scripts;" in reader_block(rendered)
    assert '"https://a.example" "https://a.example";' in named and "Allow-Credentials" not in named


def reader_block(rendered: str) -> str:
    return next(body for head, body in location_blocks(rendered) if "sluice_reader" in head)


def test_a_broken_template_does_not_replace_the_running_configuration(settings, monkeypatch):
    target = renderer.render(settings)
    before = target.read_text()
    monkeypatch.setattr(renderer, "text", lambda settings: "this is not nginx;")
    with pytest.raises(renderer.RenderError):
        renderer.render(settings)
    assert target.read_text() == before


def test_accel_urls_come_from_ids_and_fixed_names():
    media = "0f0f0f0f-0000-4000-8000-000000000001"
    shape = re.compile(r"^/_[a-z]+/[a-z]+/[0-9a-f-]{36}/[a-z0-9._-]+$")
    assert shape.match(contract.accel_vault(media, contract.IMAGE))
    assert shape.match(contract.accel_original(media))


@pytest.mark.parametrize(
    ("path", "encoded"),
    [("a b.mp4", "a%20b.mp4"), ("a?b#c%d.mp4", "a%3Fb%23c%25d.mp4"), ("x/é.mp4", "x/%C3%A9.mp4"),
     ("new\nline", "new%0Aline"), ("\udcff.bin", "%FF.bin")],
)  # fmt: skip
def test_mounted_paths_are_percent_encoded_byte_for_byte(path, encoded):
    assert contract.accel_mount("demo", path) == f"{contract.MOUNTS.path}demo/{encoded}"


def test_error_bodies_name_codes_of_the_one_table():
    for code in {*nginx_settings.ErrorBodies.by_status.values(), "SEC_001", "SYSTEM_004"}:
        assert f'"code": "{code}"' in nginx_settings.ErrorBodies().body(code)


def location_blocks(text: str) -> list[tuple[str, str]]:
    """(head, body) of every location; quoted braces of the regular expressions do not count."""
    blocks, lines = [], text.splitlines()
    for start, line in enumerate(lines):
        if not line.strip().startswith("location "):
            continue
        depth, body = 0, []
        for inner in lines[start:]:
            bare = re.sub(r"\"[^\"]*\"|'[^']*'", "", inner)
            depth += bare.count("{") - bare.count("}")
            body.append(inner)
            if depth == 0:
                break
        blocks.append((line.strip(), "\n".join(body[1:])))
    return blocks

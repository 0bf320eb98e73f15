"""`sluice edge verify` finds the holes that are planted for it, and nothing where there are none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from nginx import contract
from nginx.settings import TEMPLATES
from tests.stack import REPO

# (template, what is taken away, what stands in its place); each time it is one slip of a hand.
HOLES = {
    "an internal location without `internal;`": (
        "locations/internal.conf.j2", "{{ contract.ORIGINAL }}\\z\" {\n        internal;", '{{ contract.ORIGINAL }}\\z" {',
    ),
    "pictures without auth_request": ("locations/stills.conf.j2", "auth_request {{ contract.AUTH.path }};", ""),
    "a prefix whose signature nobody looks at": (
        "snippets/signed-prefix.conf.j2", 'if ($secure_link = "") { return 403; }', "",
    ),
    "links that never expire": ("locations/downloads.conf.j2", 'if ($secure_link = "0") { return 410; }', ""),
    "a directory without its gate": ("locations/protected.conf.j2", "auth_request {{ contract.AUTH.path }};", ""),
}  # fmt: skip
# What is found, by its class and by who was let in.
FOUND = {
    "an internal location without `internal;`": ("internal: kept original", "as it is"),
    "pictures without auth_request": ("picture: still", "nobody"),
    "a prefix whose signature nobody looks at": ("segment", "the signature of a sibling"),
    "links that never expire": ("/d, an upload", "an expired signature"),
    "a directory without its gate": ("protected: gate", "nobody, the directory"),
}

_WITH_OTHER_TEMPLATES = """
import sys, pathlib, nginx.render, control.cli.main
nginx.render.TEMPLATES = pathlib.Path(sys.argv.pop(1))
control.cli.main.main()
"""


@pytest.fixture(scope="module")
def full_of_holes(stack):
    """(outcome of `sluice nginx reload` with every hole in the templates, what Nginx had before)"""
    before = (stack.data / "nginx/nginx.conf").read_bytes()
    with tempfile.TemporaryDirectory() as place:
        templates = Path(place) / "templates"
        shutil.copytree(TEMPLATES, templates)
        for name, sound, broken in HOLES.values():
            template = templates / name
            assert sound in template.read_text(), f"{name} has changed: plant the hole anew"
            template.write_text(template.read_text().replace(sound, broken))
        os.chmod(place, 0o755)
        command = [sys.executable, "-c", _WITH_OTHER_TEMPLATES, templates, "--data", stack.data, "nginx", "reload"]
        yield subprocess.run(command, capture_output=True, text=True, cwd=REPO), before


@pytest.mark.parametrize("hole", HOLES)
def test_a_planted_hole_is_found_and_named_with_its_request(full_of_holes, hole):
    done, _ = full_of_holes
    of, who = FOUND[hole]
    assert f"XX  {of}, {who}: answered" in done.stdout, done.stdout + done.stderr


def test_a_configuration_with_holes_never_takes_over(stack, full_of_holes):
    done, before = full_of_holes
    assert done.returncode == 1
    assert "\n      GET /_sluice/originals/" in done.stdout and "Nothing has changed" in done.stdout
    assert (stack.data / "nginx/nginx.conf").read_bytes() == before
    assert not (stack.data / "nginx/trial").exists()


def test_a_sound_configuration_takes_over(stack):
    master = stack.pids("sluice:nginx")
    assert stack.sluice("nginx", "reload").strip() == "reloaded"
    after = stack.pids("sluice:nginx")
    assert after[0] == master[0] and not set(after[1:]) & set(master[1:])


LEFT_BY_A_KILLED_RUN = """
    WITH person AS (INSERT INTO users (username, password_hash) VALUES ('edge-verify-x', '') RETURNING id)
    INSERT INTO media (owner_id, name, kind, size_bytes, source, state, facts)
    SELECT id, 'edge-verify-x', 'video', 1, 'import', 'completed', '{"edge_canary": true}' FROM person"""


def test_the_running_edge_is_sound_and_the_questions_leave_nothing_behind(stack, film):
    """Nor does a run that was killed before."""

    def files() -> set[Path]:
        places = ("vault", "files", "quarantine", "spool")
        return {path for place in places for path in (stack.data / place).rglob("*") if path.is_file()}

    before = files()
    stack.query(LEFT_BY_A_KILLED_RUN)
    found = json.loads(stack.sluice("edge", "verify", "--json"))
    assert found["holes"] == []
    internal = {f"internal: {location.path}" for location in contract.LOCATIONS if location.internal}
    pictures = {f"picture: {kind}" for kind in contract.STILL_KINDS}
    assert found["classes"].keys() >= internal | pictures | {
        "master playlist", "playlist", "segment", "key", "/d, an upload", "/stream", "/get", "original", "share", "archive",
        "events", "static", "page", "API", "administration", "upload, a part", "tus, a piece", "protected: gate",
    }  # fmt: skip
    assert not [path for path in files() - before if path.read_bytes().startswith(b"edge-canary-")]
    for table, name in (("users", "username"), ("media", "name"), ("uploads", "name")):
        assert stack.query(f"SELECT count(*) FROM {table} WHERE {name} LIKE 'edge-verify%'") == "0"
    assert stack.query("SELECT count(*) FROM audit WHERE event = 'edge_verified'") != "0"

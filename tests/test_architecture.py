"""The import rule of design.md: one direction, leaves are leaves, SQL and Redis stay in their folders."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("control", "nginx", "processor")

# layer -> what it may import of ours (a prefix match); a layer may always import itself.
ALLOWED = {
    "control.domain": ("nginx.contract",),
    "control.errors": (),
    "control.settings": ("nginx.contract",),
    "control.files": (),
    "control.vault": ("control.domain", "control.errors", "control.files", "control.settings", "nginx.contract"),
    "control.logs": (),
    "control.storage": ("control.domain", "control.errors", "control.vault", "nginx.contract"),
    "control.storage.objects": (
        "control.errors", "control.files", "control.settings", "control.vault.objects", "nginx.contract",
    ),
    "control.services": (
        "control.domain", "control.errors", "control.files", "control.settings", "control.vault", "nginx.contract",
    ),
    "control.middleware": (
        "control.domain", "control.errors", "control.resources", "control.services", "nginx.contract",
    ),
    "control.resources": (
        "control.domain", "control.errors", "control.logs", "control.services", "control.settings", "control.storage",
        "control.vault", "nginx.contract",
    ),
    "nginx.contract": (),
    "nginx": ("control.errors", "control.settings"),
    "processor": (
        "control.settings", "control.vault", "control.domain", "control.storage", "control.errors", "control.files",
        "control.logs", "nginx.contract",
    ),
}  # fmt: skip


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def layer_of(module: str) -> str | None:
    layers = [layer for layer in ALLOWED if module == layer or module.startswith(layer + ".")]
    return max(layers, key=len, default=None)


@pytest.mark.parametrize("module", [m for m in modules() if layer_of(m)])
def test_a_layer_imports_only_what_lies_below_it(module):
    layer = layer_of(module)
    for name in imports(modules()[module]):
        if name.split(".")[0] in PACKAGES and not name.startswith(layer):
            assert name.startswith(ALLOWED[layer]), f"{module} imports {name}"


def test_control_never_imports_the_processor():
    for module, path in modules().items():
        if module.startswith("control"):
            assert not any(name.startswith("processor") for name in imports(path)), module


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("falcon", ("control.app", "control.routes", "control.resources", "control.middleware")),
        ("psycopg", ("control.storage.sql", "control.gunicorn", "processor.tasks")),
        ("redis", ("control.storage.redis", "control.bootstrap", "control.resources.health")),
        ("argon2", ("control.services.passwords",)),
        ("cryptography", ("control.vault", "control.cli", "control.services.certificates")),
        ("prometheus_client", ("control.services.metrics", "control.gunicorn")),
        ("PIL", ("processor.steps",)),
        ("botocore", ("control.storage.objects.s3",)),
    ],
)
def test_an_outside_library_has_one_owner(library, home):
    for module, path in modules().items():
        if not module.startswith(home):
            used = {name for name in imports(path) if name == library or name.startswith(library + ".")}
            assert not used, f"{module} imports {used}"


def test_sql_stands_only_in_storage():
    statement = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE)\s", re.MULTILINE)
    for module, path in modules().items():
        if module.startswith("control.storage.sql"):
            continue
        texts = (node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant))
        for text in texts:
            assert not (isinstance(text, str) and statement.match(text)), f"{module}: {text[:60]}"


def test_services_know_no_http_sql_or_redis():
    for module, path in modules().items():
        if module.startswith("control.services"):
            outside = {name.split(".")[0] for name in imports(path)}
            assert not outside & {"falcon", "psycopg", "redis", "gunicorn", "gevent"}, module


def test_the_top_level_is_the_one_that_was_fixed():
    fixed = {"control", "nginx", "processor", "templates", "deploy", "ansible", "tests", "setup.cfg", "README.md"}
    also = {"pyproject.toml", "CHANGELOG.md", "LICENSE"}
    made = {"data", "node_modules", "build", "screenshots"}  # never committed, see .gitignore
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.suffix != ".egg-info"}
    assert found - also - made <= fixed


def test_a_noun_has_the_same_file_name_in_every_layer():
    """A resource without a namesake among the services must be one of HTTP's own nouns."""
    http_only = {
        "access", "auth", "cookies", "credentials", "delivery", "health", "insight_shapes", "media", "openapi", "originals",
        "outcome", "shapes", "spreadsheets", "stills", "storyboards", "streams", "tus",
    }  # fmt: skip
    services = {path.stem for path in (ROOT / "control/services").glob("*.py")}
    resources = {path.stem for path in (ROOT / "control/resources").glob("*.py")} - {"__init__"}
    assert resources - http_only <= services

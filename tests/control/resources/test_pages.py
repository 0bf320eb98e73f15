"""Pages: their templates, and where a sign-in may lead (threat T11)."""

from __future__ import annotations

import jinja2
import pytest

from control.resources.pages.rendering import HOME, TEMPLATES, safe_next


@pytest.mark.parametrize("name", [path.name for path in TEMPLATES.glob("*.html")])
def test_every_page_can_be_read(name):
    """What is wrong in one is a 500 for whoever opens it."""
    jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True).get_template(name)


@pytest.mark.parametrize("path", ["/library", "/watch/0f0f?t=1", "/library?type=video&page=2"])
def test_a_path_of_this_server_is_kept(path):
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "hostile",
    ["//e", "////e", "/\\e", "\\/e", "/%09/e\t", "https:e", "https://e", "javascript:alert(1)", "/..//e", "/../x",
     "/a\r\nSet-Cookie: x=1", "/a\x00", "/ e", "/\x7f", "/" + "a" * 4096, "", None, 7, "e", "?x", "/a//e", "/.\\e"],
)  # fmt: skip
def test_T11_anything_else_leads_home(hostile):
    assert safe_next(hostile) == HOME

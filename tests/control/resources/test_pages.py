"""Pages: their templates, and where a sign-in may lead (threat T11)."""

from __future__ import annotations

import pytest

from control.resources.pages.rendering import HOME, TEMPLATES, Renderer, safe_next, size


@pytest.mark.parametrize("name", [path.name for path in TEMPLATES.glob("*.html")])
def test_every_page_can_be_read(name):
    """What is wrong in one is a 500 for whoever opens it."""
    Renderer(form_tokens=None).template(name)


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


@pytest.mark.parametrize(
    "number, shown", [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_250_000, "1.3 MB"), (123_456, "123 kB"), (5e18, "5000 PB")]
)
def test_a_size_is_written_as_scripts_write_it(number, shown):
    assert size(number) == shown

"""Threat U01: no file of anybody's runs script in our origin, whatever it is and by whichever address a person opens it."""

from __future__ import annotations

import contextlib
import http.server
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Error

from tests.e2e import browser as chrome
from tests.e2e.originals import KINDS, put, ways

BEACON = "u01-beacon"
SCRIPT = f"fetch('/{BEACON}?script'); new Image().src = '/{BEACON}?image'; document.title = '{BEACON}'"
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{SCRIPT}"><script>{SCRIPT}</script></svg>'
XHTML = (
    f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title><script>{SCRIPT}</script></head><body/></html>'
)
PDF = f"""%PDF-1.7
1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.launchURL\\('/{BEACON}?pdf'\\))>>>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj 3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>endobj
trailer<</Root 1 0 R>>
%%EOF"""
HTML = f'<!doctype html><title>x</title><script>{SCRIPT}</script><img src=x onerror="{SCRIPT}"><iframe src=/{BEACON}>'

# ending -> (type that somebody gave it, content)
HOSTILE = {
    ".html": ("text/html", HTML), ".svg": ("image/svg+xml", SVG), ".xml": ("text/xml", XHTML),
    ".xhtml": ("application/xhtml+xml", XHTML), ".pdf": ("application/pdf", PDF),
    ".mht": ("multipart/related", f"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n{HTML}"),
    ".xsl": ("application/xml", f'<?xml-stylesheet type="text/xsl" href="#"?>{XHTML}'),
    # Polyglots: what one reader takes for a picture, a song or a text is a page to another.
    ".gif": ("image/gif", f"GIF89a/*{HTML}*/=1"), ".jpg": ("image/jpeg", f"\xff\xd8\xff\xfe{HTML}"),
    ".mp3": ("audio/mpeg", f"ID3{HTML}"), ".txt": ("text/plain", HTML), ".js": ("text/javascript", SCRIPT),
    ".htm": ("text/html; charset=utf-7", f"+ADw-script+AD4-{SCRIPT}+ADw-/script+AD4-"), ".none": ("", HTML),
}  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    with chrome.chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def context(browser, stack):
    """Signed in: a script that ran would be somebody."""
    context = chrome.context(browser, stack.url)
    page = context.new_page()
    chrome.sign_in(page, stack.admin_password)
    page.close()
    yield context
    context.close()


@contextlib.contextmanager
def listening(context) -> Iterator[list[str]]:
    """Every request of any page of `context` that tells of a script."""
    heard: list[str] = []

    def hear(request) -> None:
        if BEACON in request.url:
            heard.append(request.url)

    context.on("request", hear)
    yield heard
    context.remove_listener("request", hear)


@pytest.fixture(scope="module")
def visit(context):
    """visit(urls): open them as a person does who follows a link; returns the titles that there are afterwards."""
    tabs = [context.new_page() for _ in range(6)]

    def visit(urls: list[str]) -> list[str]:
        for tab, url in zip(tabs, urls, strict=False):
            with contextlib.suppress(Error):  # a download is no page
                tab.goto(url)
        tabs[-1].wait_for_timeout(200)
        return [tab.title() for tab in tabs]

    return visit


def test_the_beacon_is_heard_where_nothing_holds_it(context, visit):
    """The same files from a server without our headers: else no silence below would say anything."""

    class Careless(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            mime, content = HOSTILE.get(self.path[1:], ("text/plain", ""))
            self.send_response(200)
            self.send_header("Content-Type", mime)
            self.end_headers()
            self.wfile.write(content.encode("latin-1"))

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Careless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for ending in (".html", ".svg", ".xml", ".xhtml"):
        with listening(context) as heard:
            titles = visit([f"http://127.0.0.1:{server.server_port}/{ending}"])
            assert BEACON in titles or ending == ".svg"
        assert heard, ending
    server.shutdown()
    visit(["about:blank"])


@pytest.mark.parametrize("ending", HOSTILE)
def test_U01_no_file_runs_script_in_our_origin(stack, context, visit, ending):
    mime, content = HOSTILE[ending]
    client, kind = stack.session(), KINDS[list(HOSTILE).index(ending) % 3]
    elsewhere = kind if ending in (".html", ".svg") else None  # the worst of them lie everywhere
    for where in KINDS if elsewhere else {kind, "mounted"}:
        placed = put(stack, where, f"hostile{ending}", content.encode("latin-1"), mime, ending)
        paths = ways(client, placed.id)
        for way, path in paths.items():
            answer = client.get(path)
            assert answer.status_code == 200 and BEACON.encode() in answer.content, (where, way)
            assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'"), (where, way)
            assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Content-Type"], (
                where,
                way,
            )
        with listening(context) as heard:
            titles = visit([stack.url + path for path in paths.values()])
        assert not heard and BEACON not in titles, (where, heard)


def test_U01_nor_does_one_in_a_protected_directory(stack, context, visit):
    paths, client = [], stack.session()
    for ending in (".html", ".svg", ".xml", ".xhtml", ".pdf", ".txt"):
        stack.place(HOSTILE[ending][1].encode("latin-1"), stack.data / "gate" / f"hostile{ending}")
        paths.append(f"/gate/hostile{ending}")
        assert client.get(paths[-1]).headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    with listening(context) as heard:
        titles = visit([stack.url + path for path in paths])
    assert not heard and BEACON not in titles


def test_U01_nor_in_a_frame_of_our_own(stack, context):
    """What a page of ours showed, it would show without script too: a frame gets nothing at all."""
    placed = put(stack, "stored", "hostile.html", HTML.encode(), "text/html", ".html")
    page = context.new_page()
    page.goto("/library")
    with listening(context) as heard:
        for element in ("iframe", "embed", "object"):
            page.evaluate(
                """([name, url]) => { const one = document.createElement(name);
                    one[name === "object" ? "data" : "src"] = url; document.body.append(one); }""",
                [element, f"/api/media/{placed.id}/original"],
            )
        page.wait_for_timeout(500)
    assert not heard and not [frame for frame in page.frames[1:] if frame.name == BEACON]
    page.close()

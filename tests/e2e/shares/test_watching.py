"""A share in a browser: its pages, and its player in a frame of another site, where there are no cookies."""

from __future__ import annotations

import pytest

from tests.e2e.browser import Ear, chromium, context, until
from tests.e2e.shares.conftest import SECRET


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def test_a_person_opens_a_share_and_plays_its_film(stack, browser, share, film, shelved):
    shared = share(film["id"], shelved["id"], password=SECRET, name="A film night")
    page = context(browser, stack.url).new_page()
    ear = Ear(page)
    ear.expected.append("403")
    page.goto(shared.at())
    page.fill("[name=password]", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("#share-error")
    page.fill("[name=password]", SECRET)
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('A film night')")
    page.click(f"h2 a[href='{shared.at('watch/' + film['id'])}']")
    page.wait_for_url("**/watch/**")
    until(page, PLAYS, 90)
    until(page, "document.querySelector('video').currentTime > 0.5", 90)
    assert not ear.complaints()


PLAYS = "(video => video?.play() && video.readyState >= 2)(document.querySelector('video'))"


@pytest.mark.parametrize("scripts", [True, False])
def test_a_download_needs_no_script(stack, browser, share, shelved, scripts):
    shared = share(shelved["id"])
    page = context(browser, stack.url, java_script_enabled=scripts).new_page()
    page.goto(shared.at())
    with page.expect_download() as download:
        page.click("text=Download")
    assert download.value.suggested_filename == "song.mp3"
    assert download.value.path().stat().st_size == shelved["size_bytes"]


NAMED, OTHER = "http://player.localhost:8080", "http://other.localhost:8080"  # the first one in tests/stack.py


def framed(stack, browser, origin: str, address: str):
    """The frame of a page of another site that shows `address`. Its own document is made up, the frame's is real."""
    there = context(browser, stack.url)
    there.grant_permissions(["local-network-access"])  # a page of the Internet asks a server of this machine
    page = there.new_page()
    body = f'<iframe src="{stack.url}{address}" allow="autoplay" width="640" height="360"></iframe>'
    page.route(f"{origin}/", lambda route: route.fulfill(body=body, content_type="text/html"))
    page.goto(f"{origin}/")
    return page.frames[1]


def test_a_film_plays_in_a_frame_of_a_site_that_the_settings_name(stack, browser, share, film):
    """Another site's cookies are third-party ones: none comes along."""
    shared = share(film["id"], rights=["view"])
    frame = framed(stack, browser, NAMED, shared.at(f"embed/{film['id']}"))
    frame.wait_for_selector("video", state="attached")
    until(frame, PLAYS, 90)
    until(frame, "document.querySelector('video').currentTime > 0.5", 90)
    assert not frame.page.context.cookies(stack.url)


def test_a_frame_of_any_other_site_stays_empty(stack, browser, share, film):
    shared = share(film["id"], rights=["view"])
    frame = framed(stack, browser, OTHER, shared.at(f"embed/{film['id']}"))
    assert frame.evaluate("document.querySelector('video')") is None
    for page in (shared.at(), shared.at(f"watch/{film['id']}")):  # nor is anything else of it shown in a frame
        answer = stack.session(None).get(page)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "DENY"


def test_a_locked_share_asks_for_its_password_before_it_is_embedded(stack, share, film):
    locked = share(film["id"], rights=["view"], password=SECRET)
    assert stack.session(None).get(locked.at(f"embed/{film['id']}")).status_code == 401


def test_the_embedded_player_needs_no_cookie(stack, browser, share, film):
    """As in a frame of another site: every cookie is taken away from what it asks for, and given to it."""
    shared = share(film["id"], rights=["view"])
    page = context(browser, stack.url).new_page()
    ear = Ear(page)
    page.route("**/*", lambda route: route.continue_(headers={**route.request.headers, "cookie": ""}))
    page.goto(shared.at(f"embed/{film['id']}"))
    until(page, PLAYS, 90)
    until(page, "document.querySelector('video').currentTime > 0.5", 90)
    assert not ear.complaints()


def test_a_drop_box_takes_files(stack, browser, owner, share, tmp_path):
    shared = share(rights=["upload"], name="For the club")
    file = tmp_path / "minutes of the meeting.txt"
    file.write_text("All agreed.\n" * 50)
    page = context(browser, stack.url).new_page()
    ear = Ear(page)
    page.goto(shared.at())
    page.set_input_files("#drop-box input", [file])
    page.wait_for_selector("#drop-box li:has-text('Sent')", timeout=90_000)
    assert not ear.complaints()
    assert stack.media(file.name)["visibility"] == "private"

"""The watch page of a film as its viewer uses it: pictures of the time line, menus, keys, chapters, another device."""

from __future__ import annotations

import re
import secrets
import time
from email.utils import formatdate

import pytest
from playwright.sync_api import expect

from control.services.link_keys import LinkKeys
from nginx import contract
from tests.e2e import browser as chrome
from tests.e2e.conftest import make
from tests.e2e.people import PASSWORD, add_user, wait_until

SECONDS = 90
RENEWED_BEFORE = 300  # seconds before its end (static/prefix.js)
CHAPTERS = ";FFMETADATA1\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1\nSTART={start}\nEND={end}\ntitle={title}\n"
    for start, end, title in ((0, 10, "Arrival"), (10, 85, "The long middle"), (85, SECONDS, "Departure"))
)
SUBTITLES = "1\n00:00:00,000 --> 00:01:20,000\nHello there\n"
HEARD = "document.querySelector('video')"


@pytest.fixture(scope="module")
def films(stack, tmp_path_factory) -> dict[str, dict]:
    """ "2" (chapters, subtitles, two rungs) and "10" (an eye's blink) of a series."""
    folder, series = tmp_path_factory.mktemp("series"), f"series {secrets.token_hex(4)}"
    (folder / "chapters").write_text(CHAPTERS)
    second = make(
        folder / "2.mp4", "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=4:duration={SECONDS}", "-f", "lavfi",
        "-i", f"sine=duration={SECONDS}", "-i", str(folder / "chapters"), "-map", "0", "-map", "1", "-map_metadata", "2",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "4", "-pix_fmt", "yuv420p", "-c:a", "aac",
    )  # fmt: skip
    tenth = make(folder / "10.mp4", "-f", "lavfi", "-i", "testsrc2=size=160x90:rate=4:duration=1", "-c:v", "libx264")
    stack.place(SUBTITLES.encode(), stack.data / "imports" / f"{series} 2.en.srt")
    names = {"10": stack.drop(tenth, f"{series} 10.mp4"), "2": stack.drop(second, f"{series} 2.mp4")}
    return {number: stack.wait_for_media(name) for number, name in names.items()}


@pytest.fixture(scope="module")
def una(stack) -> str:
    return add_user(stack)


def signed_in_page(browser, stack, name, **options):
    """A page of a device of its own."""
    context = chrome.context(browser, stack.url, **options)
    page = context.new_page()
    page.ear = chrome.Ear(page)
    answer = page.request.post("/api/auth/login", data={"username": name, "password": PASSWORD})
    assert answer.ok, answer.text()
    return page


def close(page) -> None:
    complaints = page.ear.complaints()
    page.context.close()
    assert not complaints


def at(page) -> float:
    return page.evaluate(f"{HEARD}.currentTime")


def open_film(page, film) -> None:
    page.goto(f"/watch/{film['id']}")
    chrome.until(page, f"!!{HEARD} && !!customElements.get('media-controller')")
    page.evaluate(f"{HEARD}.muted = true")


def begin(page) -> None:
    """Go to the very beginning by a key, which fetches it without playing."""
    page.keyboard.press("0")
    chrome.until(page, f"{HEARD}.readyState >= 2")


def in_preview(page, expression: str):
    preview = "document.querySelector('media-time-range').shadowRoot.querySelector('media-preview-thumbnail')"
    return page.evaluate(f"(preview => {expression})({preview})")


def test_a_film_is_watched_on_one_device_and_on_another(browser, stack, una, films):
    film = films["2"]
    page = signed_in_page(browser, stack, una)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    open_film(page, film)

    # The picture of the moment under the pointer: seen, and of the storyboard.
    line = page.locator("media-time-range").bounding_box()
    assert line["height"] >= 12 and line["width"] > 1000
    page.mouse.move(line["x"] + line["width"] / 2, line["y"] + line["height"] / 2)
    wait_until(lambda: in_preview(page, "preview.shadowRoot.querySelector('img')?.naturalWidth ?? 0") >= 160)
    wait_until(lambda: in_preview(page, "preview.getBoundingClientRect().height") >= 80)
    assert in_preview(page, "getComputedStyle(preview).visibility") == "visible"
    chapter = "document.querySelector('media-time-range').shadowRoot.querySelector('media-preview-chapter-display')"
    assert page.evaluate(f"{chapter}.getAttribute('aria-valuetext')") == "chapter: The long middle"
    assert page.evaluate(f"[...{HEARD}.textTracks].find(t => t.kind === 'chapters').cues.length") == 3

    # To look at the page is no stream: no key is asked for before somebody wants the film.
    assert [url for url in asked if url.endswith(".m3u8")] and not [url for url in asked if "/key/" in url]
    begin(page)
    assert [url for url in asked if "/key/" in url]

    # Quality and subtitles, by their menus.
    page.locator("media-settings-menu-button").click()
    page.locator("media-settings-menu-item", has_text="Quality").click()
    choices = page.locator("media-rendition-menu media-chrome-menu-item")
    expect(choices.first).to_be_visible()
    assert choices.count() >= 3 and "Auto (360p)" in choices.all_inner_texts()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator("media-captions-button").click()
    chrome.until(page, f"[...{HEARD}.textTracks].some(t => t.kind === 'subtitles' && t.mode === 'showing')")

    # Keys, wherever the focus is.
    page.locator("h1").click()
    page.keyboard.press("k")
    chrome.until(page, f"!{HEARD}.paused && {HEARD}.currentTime > 0.5")
    page.keyboard.press(" ")
    chrome.until(page, f"{HEARD}.paused")
    page.evaluate(f"{HEARD}.currentTime = 20")
    page.keyboard.press("l")
    assert at(page) == 30
    page.keyboard.press("ArrowLeft")
    assert at(page) == 25
    page.keyboard.press(">")
    assert page.evaluate(f"{HEARD}.playbackRate") == 1.25
    page.keyboard.press("5")
    assert at(page) == pytest.approx(SECONDS / 2, abs=0.5)
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys of the player")).to_be_visible()
    page.keyboard.press("k")  # not while a dialog is open
    assert page.evaluate(f"{HEARD}.paused")
    page.keyboard.press("Escape")

    # A chapter of the page's list, played from there: saved when it stops.
    page.get_by_text("3 chapters").click()
    page.get_by_role("link", name="Arrival").click()
    assert at(page) == 0
    page.get_by_role("link", name="The long middle").click()
    page.keyboard.press("k")
    chrome.until(page, f"{HEARD}.currentTime > 11")
    expect(page.locator("[data-chapter]")).to_have_text("The long middle")
    page.keyboard.press("k")
    chrome.until(page, f"{HEARD}.paused")
    left_at, place = at(page), f"/api/media/{film['id']}/position"
    wait_until(lambda: page.request.get(place).json()["seconds"] == pytest.approx(left_at, abs=0.1))

    # The other device goes on there, from the row on top of the library.
    phone = signed_in_page(browser, stack, una, has_touch=True)
    phone.set_viewport_size(chrome.PHONE)
    wait_until(lambda: phone.goto("/library") and phone.locator("#continue").count(), what="nothing to continue")
    assert phone.evaluate("document.documentElement.scrollWidth") <= chrome.PHONE["width"]
    phone.locator("#continue").get_by_text(film["name"]).click()
    phone.wait_for_url(f"**/watch/{film['id']}")
    chrome.until(phone, f"{HEARD}?.currentTime >= {left_at - 0.5}")
    assert phone.evaluate("document.documentElement.scrollWidth") <= chrome.PHONE["width"]
    phone.get_by_role("button", name="Start over").click()
    chrome.until(phone, f"{HEARD}.currentTime < {left_at - 1}")
    phone.evaluate(f"{HEARD}.pause()")
    close(phone)

    # Its end: watched, and the next one of the series begins unless that is cancelled.
    open_film(page, film)
    begin(page)
    page.evaluate(f"{HEARD}.currentTime = {SECONDS - 1.5}; {HEARD}.play()")
    expect(page.locator("#end-card")).to_contain_text(films["10"]["name"])
    expect(page.locator("[data-countdown]")).to_have_text(re.compile(r"Up next in \d+ s"))
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#end-card")).to_be_hidden()
    wait_until(lambda: page.request.get(place).json()["finished"])
    page.evaluate(f"{HEARD}.currentTime = {SECONDS - 1.5}; {HEARD}.play()")
    page.get_by_role("link", name="Play now").click()
    page.wait_for_url(f"**/watch/{films['10']['id']}")
    close(page)


def test_a_link_that_expires_while_one_watches_is_renewed_and_nothing_is_loaded_anew(browser, stack, una, films):
    """As after hours of play, or a lid that was shut: the prefix has really run out when the next thing is asked for.

    It lasts ten seconds; by the server's clock, as the page is told it, it is to be renewed one second before.
    """
    film = films["2"]
    page = signed_in_page(browser, stack, una)
    opened = page.request.get(f"/api/media/stream/{film['id']}").text()
    old, grant = re.search(r"(/hls/\w+/[\w-]+/\d+/(\w+)/[\w-]+)/", opened).groups()
    keys, ends = LinkKeys(stack.data / "keys/links.json"), int(time.time()) + 10
    short = contract.hls_prefix(keys.current, keys.keys[keys.current], ends, grant, film["id"])
    stack.query(f"UPDATE grants SET expires_at = to_timestamp({ends}) WHERE id = '{grant}'")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.route(
        f"**/api/media/stream/{film['id']}",
        lambda route: route.fulfill(
            content_type="application/vnd.apple.mpegurl", body=opened.replace(old, short),
            headers={"Date": formatdate(time.time() - RENEWED_BEFORE + 1, usegmt=True)},
        ),
        times=1,
    )  # fmt: skip
    page.goto(f"/watch/{film['id']}")
    page.evaluate(f"{{ {HEARD}.muted = true; {HEARD}.play() }}")  # at once: the link does not last
    chrome.until(page, f"{HEARD}.readyState >= 2 && !!customElements.get('media-controller')")
    page.evaluate(f"{HEARD}.addEventListener('emptied', () => window.loadedAnew = true)")
    page.evaluate(f"{HEARD}.videoRenditions.selectedIndex = 0")
    wait_until(lambda: time.time() > ends + 1)  # until Nginx would refuse it
    page.evaluate(f"{HEARD}.videoRenditions.selectedIndex = 1")  # what is buffered is not of this one
    fetched = "performance.getEntriesByType('resource').map(entry => entry.name)"
    chrome.until(page, f"{fetched}.some(url => /\\/hls\\/.*\\/seg_/.test(url) && !url.includes('{grant}'))")
    now = at(page)
    chrome.until(page, f"{HEARD}.currentTime > {now + 1}")
    assert not page.evaluate("window.loadedAnew")
    assert len([url for url in asked if "/api/media/stream/" in url]) == 2  # the page's own, and the renewal
    close(page)

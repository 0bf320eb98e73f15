"""Photos, songs and documents on their pages: looked at, listened to and read, at a desk and by hand."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import browser as chrome
from tests.e2e.conftest import make
from tests.e2e.pdf import pdf

MARK = secrets.token_hex(3)
HOSTILE = "app.alert('hello'); this.submitForm('/api/auth/logout'); parent.document.title = 'caught'"


@pytest.fixture(scope="module")
def shelf(stack, tmp_path_factory) -> dict[str, dict]:
    """Three photos, two songs of an album, a PDF and a text; on the mount what needs no preparing."""
    directory, work = stack.data / "shelf" / MARK, tmp_path_factory.mktemp("media")
    directory.mkdir()
    made = {f"{MARK}-{number}.jpg": make(work / f"{number}.jpg", "-f", "lavfi", "-i", f"testsrc=size=900x{600 + number}", "-frames:v", "1")
            for number in range(3)}  # fmt: skip
    for number in (1, 2):
        made[f"{MARK}-{number}.mp3"] = make(
            work / f"{number}.mp3", "-f", "lavfi", "-i", f"sine=frequency={number * 200}:duration=30", "-q:a", "9",
            "-metadata", f"title=Tide {number}", "-metadata", f"album={MARK}", "-metadata", f"track={number}",
        )  # fmt: skip
    for name, file in made.items():
        stack.drop(file, name)
    stack.place(pdf(3, HOSTILE), directory / f"{MARK}.pdf")
    stack.place(b"<script>parent.document.title = 'caught'</script>\n" + "Flüsse\n".encode() * 20_000, directory / f"{MARK}.txt")
    return {name.removeprefix(MARK).lstrip("-."): stack.wait_for_media(name) for name in [*made, f"{MARK}.pdf", f"{MARK}.txt"]}


def test_photos_songs_and_documents_at_a_desk(page, shelf):
    look_at_photos(page)
    listen(page, shelf)
    read(page, shelf)


def look_at_photos(page: Page) -> None:
    page.goto(f"/library?query={MARK}&type=image&sort=name&order=asc")
    page.get_by_text(f"{MARK}-0.jpg").first.click()
    shows(page, 0)
    scale = page.locator("[data-scale]")
    page.mouse.move(700, 400)
    fits = scale.inner_text()
    page.mouse.wheel(0, -400)
    expect(scale).not_to_have_text(fits)
    place = "document.querySelector('img.photo').style.transform"
    before = page.evaluate(place)
    page.keyboard.press("ArrowRight")  # moves the large one
    assert page.evaluate(place) != before
    page.keyboard.press("0")
    expect(scale).to_have_text(fits)
    page.keyboard.press("ArrowRight")
    shows(page, 1)
    assert f"query%3D{MARK}" in page.url  # the view is carried along
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{MARK}-1.jpg")
    page.get_by_role("link", name="Previous photo").click()
    shows(page, 0)
    page.evaluate("document.querySelector('[data-seconds]').append(new Option('1 s', 0.2, true, true))")
    page.keyboard.press("s")
    shows(page, 2)
    expect(page.get_by_role("button", name="Slideshow")).to_have_attribute("aria-pressed", "false")  # it was the last
    page.keyboard.press("ArrowRight")
    shows(page, 2)


def shows(page: Page, number: int) -> None:
    chrome.until(page, f"""(photo => photo && !photo.hidden && photo.alt.endsWith('-{number}.jpg')
        && photo.naturalHeight === {600 + number})(document.querySelector('img.photo'))""")  # fmt: skip
    chrome.until(page, f"document.title.startsWith('{MARK}-{number}.jpg')")


def listen(page: Page, shelf: dict) -> None:
    page.goto(f"/watch/{shelf['1.mp3']['id']}")
    expect(page.locator("#queue a")).to_have_text(["Tide 10:30", "Tide 20:30"])
    chrome.until(page, DRAWN)
    page.evaluate("window.stayed = true")
    page.get_by_role("button", name="Play", exact=True).click()
    chrome.until(page, "document.querySelector('audio').currentTime > 0.2")
    page.locator(".wave").click(position={"x": 300, "y": 40})
    box = page.locator(".wave").bounding_box()
    chrome.until(page, f"document.querySelector('audio').currentTime >= {30 * 300 / box['width'] - 1}")
    page.keyboard.press("Home")
    chrome.until(page, "document.querySelector('audio').currentTime < 5")
    page.keyboard.press("ArrowRight")
    chrome.until(page, "document.querySelector('audio').currentTime >= 5")
    page.keyboard.press("n")
    plays(page, "Tide 2", shelf["2.mp3"])
    page.locator("#queue a").first.click()
    plays(page, "Tide 1", shelf["1.mp3"])
    page.evaluate("(song => song.currentTime = song.duration - 0.3)(document.querySelector('audio'))")
    plays(page, "Tide 2", shelf["2.mp3"])  # by itself
    assert page.evaluate("window.stayed")
    assert page.evaluate("navigator.mediaSession.metadata.title") == "Tide 2"


def plays(page: Page, title: str, media: dict) -> None:
    expect(page.locator(".song-title")).to_have_text(title)
    chrome.until(page, "(song => !song.paused && song.currentTime > 0.1)(document.querySelector('audio'))")
    chrome.until(page, f"location.pathname.endsWith('{media['id']}')")
    expect(page.locator("#queue a[aria-current]")).to_contain_text(title)
    expect(page.get_by_role("heading", level=1)).to_have_text(media["name"])


# The waveform's canvas has bars of more than one height.
DRAWN = """(canvas => {
    const { width, height } = canvas, pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    let drawn = 0;
    for (let at = 3; at < pixels.length; at += 4) drawn += pixels[at] > 0;
    return drawn > width * height * 0.1;
})(document.querySelector('.wave canvas'))"""


def read(page: Page, shelf: dict) -> None:
    page.goto(f"/watch/{shelf['pdf']['id']}")
    name = page.title()
    frame = page.frame_locator(".reader")
    expect(frame.locator(".page")).to_have_count(3)
    expect(frame.locator(".words").first).to_have_text("Page number 1")
    inside = page.frames[1]
    assert inside.evaluate(RED) == [255, 0, 0, 255]
    reached = inside.evaluate(REACH)
    assert reached == {"origin": "null", "title": "SecurityError", "cookie": "SecurityError", "storage": "SecurityError", "me": "TypeError"}
    assert page.title() == name and page.request.get("/api/auth/me").status == 200  # nor did the PDF's own script

    page.goto(f"/watch/{shelf['txt']['id']}")
    expect(frame.locator("pre")).to_contain_text("<script>parent.document.title = 'caught'</script>")
    expect(frame.locator(".more")).to_contain_text("download")
    assert "caught" not in page.title()
    page.ear.expected += ["reader.*CORS|CORS policy", "/api/auth/me", "net::ERR_FAILED", "401"]  # REACH, above


# A pixel in the middle of the first page's square.
RED = """(canvas => [...canvas.getContext("2d").getImageData(canvas.width * 160 / 595, canvas.height * (842 - 400) / 842, 1, 1).data])(
    document.querySelector("canvas"))"""

# What a script in the frame would get hold of, if a document ever ran one.
REACH = """async () => {
    const tried = (act) => { try { return act() } catch (error) { return error.name } };
    return { origin, title: tried(() => parent.document.title), cookie: tried(() => document.cookie),
        storage: tried(() => localStorage.length),
        me: await fetch("/api/auth/me", { credentials: "include" }).then(() => "answered", (error) => error.name) };
}"""


def test_by_hand(browser, stack, signed_in, shelf):
    context = chrome.context(browser, stack.url, storage_state=signed_in, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_viewport_size(chrome.PHONE)
    ear = chrome.Ear(page)
    page.goto(f"/watch/{shelf['0.jpg']['id']}?in=query%3D{MARK}%26sort%3Dname")
    shows(page, 0)
    swipe(page, 300, 60)
    shows(page, 1)
    swipe(page, 60, 300)
    shows(page, 0)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for name in ("1.mp3", "pdf"):
        page.goto(f"/watch/{shelf[name]['id']}")
        assert page.evaluate("document.documentElement.scrollWidth") == 390
    expect(page.frame_locator(".reader").locator(".words").first).to_have_text("Page number 1")
    assert not ear.complaints()
    context.close()


def swipe(page: Page, start: int, end: int) -> None:
    """One finger across the photo."""
    touch = page.context.new_cdp_session(page)
    for step in range(6):
        x = start + (end - start) * step / 5
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove" if step else "touchStart", "touchPoints": [{"x": x, "y": 400}]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

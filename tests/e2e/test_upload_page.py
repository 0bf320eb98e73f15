"""Uploading by hand: several files and folders, pausing, reloading, losing the network, and what is refused."""

from __future__ import annotations

import contextlib
import hashlib
import secrets

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect

from tests.e2e import browser as chrome
from tests.e2e.conftest import make
from tests.e2e.people import PASSWORD, add_user, wait_until

WAIT = 90_000  # ms: other tests use the machine as well
CHUNK = 8 << 20  # of control.resources.pages.upload


@pytest.fixture
def photos(tmp_path):
    """Two small photos with names of this test's own."""
    return [
        make(tmp_path / f"{name}-{secrets.token_hex(4)}.png", "-f", "lavfi", "-i", f"testsrc=size=320x{height}",
             "-frames:v", "1")
        for name, height in (("beach", 200), ("wood", 240))
    ]  # fmt: skip


@pytest.fixture
def long_text(tmp_path):
    """A file of three chunks that is accepted and quickly prepared."""
    file = tmp_path / f"diary-{secrets.token_hex(4)}.txt"
    line = f"{file.name}: nothing happened today.\n".encode()
    file.write_bytes(line * (5 * CHUNK // 2 // len(line)))
    return file


def row(page, name):
    return page.locator("#uploads > li").filter(has_text=name)


def add(page, *files):
    page.set_input_files("#pick-files", [str(file) for file in files])


def done(page, file):
    """Wait until it is in the library, and return its id."""
    link = row(page, file.name).get_by_role("link")
    expect(row(page, file.name)).to_have_attribute("data-state", "done", timeout=WAIT)
    return link.get_attribute("href").rsplit("/", 1)[1]


def hold_second_chunk(page):
    """Every body after the first one of an upload hangs until the returned list is emptied by `release`."""
    held = []

    def hold(route):
        late = route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0"
        held.append(route) if late else route.continue_()

    page.route("**/files/*", hold)
    return held


def release(page, held):
    page.unroute("**/files/*")
    for route in held:
        with contextlib.suppress(PlaywrightError):  # a reload has ended it
            route.abort()


def test_two_files_arrive_whole_and_are_private(page, stack, photos):
    page.goto("/upload")
    add(page, *photos)
    for photo in photos:
        media = done(page, photo)
        assert stack.media(photo.name)["id"] == media and stack.media(photo.name)["visibility"] == "private"
        answer = page.request.get(f"/api/media/{media}/original")
        assert hashlib.sha256(answer.body()).digest() == hashlib.sha256(photo.read_bytes()).digest()
    expect(page.locator("#upload-totals [data-title]")).to_have_text("2 files uploaded")
    row(page, photos[0].name).get_by_role("link").click()
    page.wait_for_url("**/watch/*")


def test_a_folder_keeps_its_folders_and_the_options_hold(page, stack, photos, tmp_path):
    trip = tmp_path / "Trip"
    (trip / "day 1").mkdir(parents=True)
    photos[0].rename(trip / photos[0].name)
    photos[1].rename(trip / "day 1" / photos[1].name)
    page.goto("/upload")
    page.get_by_text("The library", exact=True).click()
    page.set_input_files("#pick-folder", str(trip))
    for photo, folder in zip(photos, ("Trip", "Trip/day 1"), strict=True):
        media = done(page, photo)
        assert stack.query(f"SELECT folder FROM media WHERE id = '{media}'") == folder
        assert stack.media(photo.name)["visibility"] == "library"


def test_a_dropped_file_is_taken_anywhere_on_the_page(page, photos):
    page.goto("/upload")
    page.evaluate(DROP, [photos[0].name, list(photos[0].read_bytes())])
    done(page, photos[0])


# A drop as the browser makes it, as far as scripts can see.
DROP = """([name, bytes]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
    for (const type of ["dragenter", "dragover", "drop"])
        document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
}"""


def test_a_paused_upload_goes_on_where_it_was(page, stack, long_text):
    page.goto("/upload")
    held = hold_second_chunk(page)
    add(page, long_text)
    chrome.until(page, "document.querySelector('#uploads progress')?.value >= 8 << 20", 90)
    page.get_by_role("button", name=f"Pause {long_text.name}").click()
    expect(row(page, long_text.name)).to_contain_text("Paused")
    release(page, held)
    page.get_by_role("button", name=f"Resume {long_text.name}").click()
    assert_whole(page, long_text)


def test_a_reload_asks_for_the_file_again_and_sends_only_the_rest(page, long_text):
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/upload")
    held = hold_second_chunk(page)
    add(page, long_text)
    chrome.until(page, "document.querySelector('#uploads progress')?.value >= 8 << 20", 90)
    page.reload()
    release(page, held)
    expect(row(page, long_text.name)).to_contain_text("8.4 MB of", timeout=WAIT)
    asked = []
    page.on("request", lambda request: asked.append(request.headers.get("upload-offset")))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=f"Choose the file for {long_text.name}").click()
    chooser.value.set_files(str(long_text))
    assert_whole(page, long_text)
    assert asked and "0" not in asked


def test_without_a_network_it_waits_and_goes_on_by_itself(page, long_text):
    page.ear.expected += ["ERR_INTERNET_DISCONNECTED", "ERR_FAILED"]
    page.goto("/upload")
    held = hold_second_chunk(page)
    add(page, long_text)
    chrome.until(page, "document.querySelector('#uploads progress')?.value >= 8 << 20", 90)
    page.context.set_offline(True)
    release(page, held)
    expect(row(page, long_text.name)).to_have_attribute("data-state", "waiting", timeout=WAIT)
    expect(row(page, long_text.name)).to_contain_text("It goes on by itself.")
    page.context.set_offline(False)
    assert_whole(page, long_text)


def assert_whole(page, file):
    media = done(page, file)
    answer = page.request.get(f"/api/media/{media}/original")
    assert hashlib.sha256(answer.body()).digest() == hashlib.sha256(file.read_bytes()).digest()


def test_a_cancelled_upload_leaves_nothing(page, stack, long_text):
    page.goto("/upload")
    held = hold_second_chunk(page)
    add(page, long_text)
    chrome.until(page, "document.querySelector('#uploads progress')?.value >= 8 << 20", 90)
    address = page.evaluate(REMEMBERED)
    page.get_by_role("button", name=f"Cancel {long_text.name}").click()
    release(page, held)
    expect(page.locator("#uploads > li")).to_have_count(0)
    chrome.until(page, "!Object.keys(localStorage).some((key) => key.startsWith('sluice.upload.'))")
    status = "/v1/files/upload/" + address.rsplit("/", 1)[1]
    wait_until(lambda: page.request.get(status).status == 404, seconds=90)


# Where the one upload that is under way goes on.
REMEMBERED = """JSON.parse(Object.entries(localStorage).find(([key]) => key.startsWith('sluice.upload.'))[1]).uploadUrl"""


@pytest.fixture
def phone(browser, stack):
    """A person with room for 1 kB, on a phone."""
    person = add_user(stack)
    stack.sluice("user", "quota", person, "1000")
    context = chrome.context(browser, stack.url, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_viewport_size(chrome.PHONE)
    page.ear = chrome.Ear(page)
    page.goto("/login")
    page.get_by_label("User name or e-mail").fill(person)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/library")
    yield page
    complaints = page.ear.complaints()
    context.close()
    assert not complaints


def test_on_a_phone_what_fits_is_taken_and_a_full_quota_is_told(phone, tmp_path):
    phone.ear.expected += ["/files/", "status of 413"]
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_bytes(b"it fits\n" * 50)
    large.write_bytes(b"it does not fit\n" * 500)
    phone.get_by_role("link", name="Upload").click()
    add(phone, small)
    done(phone, small)
    expect(phone.locator("#quota")).to_contain_text("400 B of 1 kB used")
    add(phone, large)
    expect(row(phone, "large.txt")).to_contain_text("There is no room left for this file.", timeout=WAIT)
    assert phone.evaluate("document.documentElement.scrollWidth") <= chrome.PHONE["width"]


def test_signing_out_forgets_what_was_under_way(page, long_text):
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/upload")
    held = hold_second_chunk(page)
    add(page, long_text)
    chrome.until(page, "document.querySelector('#uploads progress')?.value >= 8 << 20", 90)
    assert page.evaluate(REMEMBERED)
    page.evaluate("document.querySelector(\"form[action='/logout']\").addEventListener('submit', (e) => e.preventDefault())")
    page.locator("form[action='/logout'] button").dispatch_event("click")  # the session is other tests' too
    assert not page.evaluate("Object.keys(localStorage).some((key) => key.startsWith('sluice.upload.'))")
    release(page, held)


def test_without_javascript_a_sentence_says_what_else_there_is(browser, stack, signed_in):
    context = chrome.context(browser, stack.url, storage_state=signed_in, java_script_enabled=False)
    page = context.new_page()
    page.goto("/upload")
    expect(page.get_by_text("Please allow JavaScript for this server")).to_be_visible()
    expect(page.get_by_role("button", name="Choose files")).to_have_count(0)
    context.close()

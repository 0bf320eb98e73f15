"""A person with a browser: sign in, look, play, and never a console error."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.e2e import browser as chrome
from tests.e2e.conftest import make
from tests.e2e.people import PASSWORD, add_user, bearer


@pytest.fixture(scope="module")
def song(stack, tmp_path_factory):
    file = make(tmp_path_factory.mktemp("media") / "tune.mp3", "-f", "lavfi", "-i", "sine=duration=5", "-q:a", "9")
    stack.place(file.read_bytes(), stack.data / "shelf" / "tune.mp3")
    return stack.wait_for_media("tune.mp3")


def test_a_person_signs_in_by_keyboard_and_out_again(browser, stack):
    context = chrome.context(browser, stack.url)
    page = context.new_page()
    chrome.sign_in(page, stack.admin_password)
    page.locator("form[action='/logout'] button").first.dispatch_event("click")
    page.wait_for_url("**/login*")
    page.goto("/library")
    assert "/login" in page.url
    context.close()


def test_a_wrong_password_is_told_and_the_name_kept(browser, stack):
    context = chrome.context(browser, stack.url)
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", "wrong")
    page.keyboard.press("Enter")
    page.get_by_text("Wrong user name or password.").wait_for()
    assert page.input_value("[name=username]") == "admin"
    context.close()


def test_the_library_shows_what_is_there_and_filters_it(page, film, photo, song):
    page.goto("/library")
    for name in ("film.mp4", "photo.jpg", "tune.mp3"):
        page.get_by_text(name).first.wait_for()
    assert page.evaluate("[...document.images].every(i => !i.complete || i.naturalWidth > 0)")
    page.goto("/library?type=image")
    page.get_by_text("photo.jpg").first.wait_for()
    assert page.get_by_text("film.mp4").count() == 0
    page.goto("/library?query=tun")
    page.get_by_text("tune.mp3").first.wait_for()
    assert page.get_by_text("photo.jpg").count() == 0


def test_a_refused_file_is_visible_with_its_reason(page, stack):
    stack.place(b"this is no film", stack.data / "imports" / "fake.mp4")
    stack.wait_for_media("fake.mp4", "failed")
    page.goto("/library?query=fake")
    page.get_by_text("fake.mp4").first.wait_for()
    page.goto(f"/watch/{stack.media('fake.mp4')['id']}")
    page.get_by_text(re.compile("text file")).first.wait_for()
    assert list((stack.data / "quarantine").rglob("reason.txt"))


def test_a_film_plays_and_asks_for_each_key_once(page, stack, film):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/watch/{film['id']}")
    chrome.until(page, "(v => v && (v.muted = true) && v.play() && v.readyState >= 2)(document.querySelector('video'))")
    chrome.until(page, "document.querySelector('video').currentTime > 2")
    quality = page.evaluate("document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames")
    assert quality > 20 and page.evaluate("document.querySelector('video').videoWidth") in (640, 854, 960)
    page.evaluate("document.querySelector('video').currentTime = 12")
    chrome.until(page, "document.querySelector('video').currentTime > 13")
    keys = [url for url in asked if "/key/" in url]
    assert keys and len(keys) == len(set(keys))
    assert len([url for url in asked if "/api/media/stream/" in url]) == 1


def test_a_film_plays_in_another_player_by_its_portable_address(page, film):
    page.goto(f"/watch/{film['id']}")
    answer = page.request.get(f"/api/media/stream/{film['id']}?portable=true", headers={"Accept": "application/json"})
    command = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", answer.json()["url"]]
    assert "h264" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_photo_is_decrypted_in_the_page(page, photo):
    page.goto(f"/watch/{photo['id']}")
    chrome.until(page, "[...document.images].some(i => i.src.startsWith('blob:') && i.naturalWidth === 1200)")


def test_a_mounted_song_plays(page, song):
    page.goto(f"/watch/{song['id']}")
    chrome.until(page, "document.querySelector('audio, video')?.readyState >= 1")
    page.evaluate("(a => { a.muted = true; return a.play() })(document.querySelector('audio, video'))")
    chrome.until(page, "document.querySelector('audio, video').currentTime > 0.5")


def test_a_session_that_ends_stops_the_next_start_and_says_so(browser, stack, film):
    context = chrome.context(browser, stack.url)
    page = context.new_page()
    chrome.sign_in(page, stack.admin_password)
    page.goto(f"/watch/{film['id']}", wait_until="commit")
    page.request.post("/api/auth/logout", data={})
    page.goto(f"/watch/{film['id']}")
    assert "/login" in page.url
    context.close()


def test_the_library_works_without_javascript(browser, stack, film):
    context = chrome.context(browser, stack.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login")
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", stack.admin_password)
    page.locator("form button[type=submit], form button:not([type])").first.click()
    page.wait_for_url("**/library")
    page.get_by_text("film.mp4").first.click()
    page.wait_for_url("**/watch/*")
    assert page.get_by_text("film.mp4").count()
    context.close()


# --- account ----------------------------------------------------------------------------------------


@pytest.fixture
def person(stack):
    return add_user(stack)


def sign_in_as(page, name: str) -> None:
    page.goto("/login")
    page.get_by_label("User name or e-mail").fill(name)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/library")


def test_a_person_looks_after_devices_password_and_tokens(browser, stack, person):
    phone = stack.session(person, PASSWORD)
    context = chrome.context(browser, stack.url)
    page = context.new_page()
    ear = chrome.Ear(page)
    sign_in_as(page, person)
    page.get_by_label(f"Your account, {person}").click()
    page.get_by_role("link", name="Account").click()
    page.wait_for_url("**/account")
    assert page.get_by_text("This device").count() == 1
    page.get_by_role("button", name="End python-requests").click()
    page.get_by_text("The device has been signed out.").wait_for()
    assert phone.get("/api/auth/me").status_code == 401

    page.get_by_label("Name", exact=True).fill("nightly backup")
    page.get_by_role("button", name="Make a token").click()
    token = page.get_by_label("Your new token.").input_value()
    program = stack.session(None)
    assert program.get("/api/auth/me", headers=bearer(token)).json()["username"] == person
    page.get_by_role("button", name="Revoke nightly backup").click()
    page.get_by_text("The token is revoked.").wait_for()
    assert program.get("/api/auth/me", headers=bearer(token)).status_code == 401

    page.get_by_label("Current password", exact=True).fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("Other-pass-9")
    page.keyboard.press("Enter")
    page.get_by_text("Your password is changed.").wait_for()
    page.get_by_role("button", name="Sign out of this device").click()
    page.wait_for_url("**/login")
    assert not ear.complaints()
    context.close()


def test_the_account_by_keyboard_alone(browser, stack, person):
    """Tab reaches every control in the order of the page, and each has a name to be read out."""
    context = chrome.context(browser, stack.url)
    page = context.new_page()
    sign_in_as(page, person)
    page.goto("/account")
    names = []
    for _ in range(40):
        page.keyboard.press("Tab")
        names.append(page.evaluate(NAMED))
        if names[-1] == "Make a token":
            break
    assert names[-1] == "Make a token" and all(names), names
    for wanted in (
        "Sign out of this device",
        "Current password",
        "New password",
        "Change the password",
        "It works for",
    ):
        assert wanted in names
    context.close()


# The accessible name, as far as our pages use it.
NAMED = """() => { const e = document.activeElement; return e.getAttribute("aria-label") || e.labels?.[0]?.innerText.trim()
    || e.innerText?.trim() || e.id; }"""


def test_the_api_page_opens_what_its_address_names(browser, stack):
    context = chrome.context(browser, stack.url)
    page = context.new_page()
    ear = chrome.Ear(page)
    page.goto("/docs#post-api-links")
    assert page.locator("#post-api-links").get_attribute("open") is not None
    assert "scope links" in page.locator("#post-api-links").inner_text()
    assert not ear.complaints()
    context.close()

"""Selecting several things in the library: by checkbox, shift, keyboard and finger; then one ZIP of them."""

from __future__ import annotations

import secrets
import zipfile

import pytest
from playwright.sync_api import expect

from tests.e2e import browser as chrome

WAIT = 60_000  # ms


@pytest.fixture(scope="module")
def notes(stack) -> dict[str, bytes]:
    """Four mounted texts, found together by the first part of their names."""
    stem = f"notes-{secrets.token_hex(4)}"
    contents = {f"{stem}-{letter}.txt": f"page {letter}\n".encode() * 50 for letter in "abcd"}
    for name, content in contents.items():
        stack.place(content, stack.data / "shelf" / name)
    for name in contents:
        stack.wait_for_media(name)
    return contents


@pytest.fixture
def found(page, notes):
    """The library page with those four, in the order of their names."""
    page.goto(f"/library?query={next(iter(notes)).rsplit('-', 1)[0]}&sort=name&order=asc")
    expect(page.locator(".card")).to_have_count(4)
    return page


def box(page, name):
    return page.get_by_label(f"Select {name}")


def count(page, number):
    expect(page.locator("#selection [data-count]")).to_have_text(f"{number} selected")


def test_two_selected_files_come_as_one_zip(found, notes, tmp_path):
    first, _, third, _ = notes
    found.get_by_role("button", name="Select", exact=True).click()
    found.get_by_text(first).click()  # a card is a box now
    box(found, third).check()
    count(found, 2)
    with found.expect_download(timeout=WAIT) as download:
        found.get_by_role("button", name="Download as ZIP").click()
    download.value.save_as(tmp_path / "two.zip")
    with zipfile.ZipFile(tmp_path / "two.zip") as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {name: notes[name] for name in (first, third)}
    expect(found.locator("#selection [data-note]")).to_have_text("The download has begun.")


def test_what_is_kept_encrypted_is_left_out_by_name(page, notes, film, photo):
    page.goto("/library?sort=name&order=asc&limit=200")
    box(page, film["name"]).check()
    box(page, next(iter(notes))).check()
    with page.expect_download(timeout=WAIT):
        page.get_by_role("button", name="Download as ZIP").click()
    expect(page.locator("#selection [data-note]")).to_contain_text(f"Left out: {film['name']}.")


def test_a_zip_of_nothing_says_why_not(page, film):
    page.ear.expected += ["batch-download", "status of 4"]
    page.goto("/library?sort=name&order=asc&limit=200")
    box(page, film["name"]).check()
    page.get_by_role("button", name="Download as ZIP").click()
    expect(page.locator("#selection [data-note]")).to_contain_text("kept encrypted", timeout=WAIT)


def test_shift_takes_all_in_between_and_escape_clears(found, notes):
    first, _, third, fourth = notes
    box(found, first).check()
    box(found, third).click(modifiers=["Shift"])
    count(found, 3)
    found.get_by_text(fourth).click(modifiers=["Shift"])
    count(found, 4)
    found.keyboard.press("Escape")
    expect(found.locator("#selection")).to_be_hidden()
    assert found.locator(".card-select input:checked").count() == 0


def test_the_keyboard_alone_selects(found, notes):
    box(found, next(iter(notes))).focus()
    found.keyboard.press("Space")
    count(found, 1)
    found.keyboard.press("Control+a")
    count(found, 4)


def test_a_selection_outlives_paging_and_searching(found, notes):
    first, second, *_ = notes
    box(found, first).check()
    found.goto(f"/library?query={second}")
    count(found, 1)
    box(found, second).check()
    found.reload()
    count(found, 2)
    found.get_by_role("button", name="Clear the selection").click()
    found.reload()
    expect(found.locator("#selection")).to_be_hidden()


def test_a_long_press_selects_and_a_tap_then_adds(browser, stack, signed_in, notes):
    context = chrome.context(browser, stack.url, storage_state=signed_in, has_touch=True, is_mobile=True)
    page = context.new_page()
    ear = chrome.Ear(page)
    page.set_viewport_size(chrome.PHONE)
    page.goto(f"/library?query={next(iter(notes)).rsplit('-', 1)[0]}&sort=name&order=asc")
    first, second, *_ = notes
    press(page, page.get_by_text(first))
    count(page, 1)
    page.get_by_text(second).tap()
    count(page, 2)
    assert "/library" in page.url and not ear.complaints()
    context.close()


def press(page, target):
    """A finger that stays, by the browser's own input."""
    place = target.bounding_box()
    finger = [{"x": place["x"] + 5, "y": place["y"] + 5}]
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": finger})
    page.wait_for_timeout(800)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(100)

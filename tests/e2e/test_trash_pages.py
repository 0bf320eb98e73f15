"""Deleting as people do it: select, tag, delete, undo, the trash's page; at a desk and on a phone."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.e2e import browser as chrome
from tests.e2e.uploads.clients import send

LETTERS = "abcd"


@pytest.fixture(scope="module")
def letters(stack) -> str:
    """The first part of the names of four texts of the administrator."""
    stem, admin = f"letter-{secrets.token_hex(4)}", stack.session()
    for letter in LETTERS:
        send(admin, f"{stem}-{letter}.txt", letter.encode() * 300, visibility="library")
    return stem


def stop_the_clock(page) -> None:
    """Time passes where the test says so, however busy the machine is."""
    page.clock.install()
    page.goto("/library")
    page.clock.pause_at(datetime.now() + timedelta(seconds=5))


def look(page, letters: str) -> int:
    """At those that are there; how many."""
    page.goto(f"/library?query={letters}&sort=name&order=asc")
    return page.locator(".card").count()


def box(page, letters: str, letter: str):
    return page.get_by_label(f"Select {letters}-{letter}.txt")


def test_select_three_tag_delete_undo_delete_and_restore_from_the_trash(page, stack, letters):
    stop_the_clock(page)
    assert look(page, letters) == 4
    box(page, letters, "a").check()
    box(page, letters, "c").click(modifiers=["Shift"])
    bar, toast = page.locator("#selection"), page.locator("#undo .toast")
    expect(bar.locator("[data-count]")).to_have_text("3 selected")

    bar.get_by_role("button", name="Tag").click()
    page.get_by_label("Add (separated by commas)").fill("mail, old")
    page.locator("#batch-tags").get_by_role("button", name="Save").click()
    expect(bar.locator("[data-note]")).to_have_text("3 changed.")
    bar.get_by_role("button", name="Who may see it").click()
    page.get_by_label("Everybody who signs in").check()
    page.locator("#batch-visibility").get_by_role("button", name="Save").click()
    expect(page.locator("#batch-visibility")).to_be_hidden()
    known = stack.session().get(f"/api/media/library?query={letters}&tag=mail").json()["data"]
    assert [(one["tags"], one["visibility"]) for one in known] == [(["mail", "old"], "public")] * 3

    bar.get_by_role("button", name="Delete").click()
    expect(toast).to_contain_text("3 moved to the trash.")
    expect(page.locator(".card")).to_have_count(1)
    expect(toast.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(toast).to_have_text("All 3 are back.")
    expect(page.locator(".card")).to_have_count(4)

    page.get_by_role("button", name="Select", exact=True).click()
    bar.get_by_role("button", name="Select all").click()
    expect(bar.locator("[data-count]")).to_have_text("4 selected")
    bar.get_by_role("button", name="Delete").click()
    expect(toast).to_contain_text("4 moved to the trash.")
    page.clock.run_for(9_000)
    expect(toast).to_be_visible()
    page.clock.run_for(2_000)
    expect(toast).to_have_count(0)
    expect(page.get_by_text("Nothing here matches")).to_be_visible()

    page.get_by_label("Your account").click()
    page.get_by_role("link", name="Trash").click()
    row = page.locator(".trashed", has_text=f"{letters}-a.txt")
    expect(row).to_contain_text("gone for good in 30 days")
    row.get_by_role("button", name="Restore").click()
    expect(page.locator("#trash-said")).to_have_text(f"{letters}-a.txt is back in the library.")
    expect(row).to_have_count(0)
    page.locator(".trashed", has_text=f"{letters}-b.txt").get_by_role("button", name="for good").click()
    page.locator("#trash-remove").get_by_role("button", name="Delete for good").click()
    expect(page.locator("#trash-said")).to_have_text("It is deleted for good.")
    expect(page.locator(".trashed", has_text=f"{letters}-b.txt")).to_have_count(0)
    for letter in "cd":
        page.get_by_role("button", name=f"Restore {letters}-{letter}.txt").click()
        expect(page.locator(".trashed", has_text=f"{letters}-{letter}.txt")).to_have_count(0)
    assert look(page, letters) == 3


def test_what_is_deleted_on_its_own_page_can_be_undone_on_the_next_one(page, letters):
    """At 390 px, where nothing may stand beyond the edge."""
    stop_the_clock(page)
    page.set_viewport_size(chrome.PHONE)
    count = look(page, letters)
    page.locator(".card a").first.click()
    page.wait_for_url("**/watch/**")
    expect(page.locator("iframe.is-shown")).to_be_visible()  # it asks for nothing that is gone by then
    # No click: right after scrolling, Chromium may hand it to the reader's frame, which was there a moment ago.
    page.get_by_role("button", name="Delete", exact=True).press("Enter")
    page.wait_for_url(f"**/library?query={letters}*")
    expect(page.locator(".card")).to_have_count(count - 1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".card")).to_have_count(count)
    page.get_by_role("button", name="Select", exact=True).click()
    box(page, letters, "a").check()
    for place in ("library", "trash"):
        assert page.evaluate("document.documentElement.scrollWidth") == 390, place
        for button in page.locator("#selection:not([hidden]) button").all():
            assert button.bounding_box()["x"] + button.bounding_box()["width"] <= 390
        page.goto("/trash")
        expect(page.locator("#trash-title")).to_be_visible()

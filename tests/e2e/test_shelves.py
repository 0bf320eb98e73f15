"""The library's views: search while typing, filters as chips, list, folders, tags, endless paging, coming back."""

from __future__ import annotations

import random
import string

import pytest
from playwright.sync_api import expect

from tests.e2e import browser as chrome


@pytest.fixture(scope="module")
def letters(stack) -> tuple[str, list[str]]:
    """A folder of a mount, named by a word that is nowhere else, with five texts of growing size."""
    word = "".join(random.sample(string.ascii_lowercase, 12))
    files = [f"{word} {number}.txt" for number in range(5)]
    (stack.data / "shelf" / word).mkdir()
    for number, name in enumerate(files):
        stack.place(b"a line\n" * 10 ** (number + 1), stack.data / "shelf" / word / name)
    for name in files:
        stack.wait_for_media(name)
    return word, files


def names(page) -> list[str]:
    return [name.strip() for name in page.locator("#library .card-name").all_inner_texts()]


def misspelt(word: str) -> str:
    return word[:5] + word[6] + word[5] + word[7:]


def test_somebody_looks_for_something_and_comes_back(page, letters, film):
    word, files = letters
    page.goto("/library?view=grid")
    page.locator("#search").press_sequentially(misspelt(word))
    expect(page.locator("#library-says")).to_have_text("5 results")
    assert sorted(names(page)) == files and misspelt(word) in page.url
    page.get_by_text("Filters", exact=True).click()
    page.select_option("#filter-most", "1000000")
    page.locator(".active-filter", has_text="Up to").wait_for()
    assert "max_size=1000000" in page.url
    page.locator(".active-filter", has_text="Up to").click()
    expect(page.locator(".active-filter", has_text="Up to")).to_have_count(0)
    page.get_by_role("link", name="List").click()
    page.get_by_role("link", name="Size").click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Size")
    assert names(page) == files[::-1] and "view=list" in page.url
    page.get_by_role("link", name=files[2]).click()
    page.wait_for_url("**/watch/**")
    page.go_back()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Size")

    page.goto("/library?folder=shelf&view=grid")
    page.locator(".folder", has_text=word).click()
    expect(page.locator("#library-title")).to_have_text(word)
    expect(page.locator("#library .card")).to_have_count(5)
    page.get_by_role("navigation", name="Folder").get_by_role("link", name="shelf").click()
    page.locator(".folder", has_text=word).wait_for()

    page.goto(f"/library?query={word}&sort=name&order=asc&limit=2")
    expect(page.locator("#library .card")).to_have_count(5)  # the rest comes by itself
    assert names(page) == files and page.locator("[data-more]").count() == 0

    page.goto(f"/library?query={film['name']}&type=video")
    card = page.locator(f"#media-{film['id']}")
    card.hover()
    preview = f"document.querySelector('#media-{film['id']} .card-preview')"
    chrome.until(page, f"!!{preview}?.src && {preview}.src.endsWith({preview}.closest('.card').dataset.preview)")


def test_a_phone_shows_the_same_without_scrolling_sideways(page, letters):
    word, files = letters
    page.set_viewport_size(chrome.PHONE)
    for address in (f"/library?query={word}&view=list", "/library?folder=/&view=grid", "/library?browse=tags", "/library"):
        page.goto(address)
        page.locator("#library-title").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address
    page.goto(f"/library?query={word}&view=list")
    assert sorted(names(page)) == files

"""Sharing by hand: the dialog's link works for a stranger, with its password, until it is called back; drop boxes."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import expect

from tests.e2e import browser as chrome
from tests.e2e.people import PASSWORD, add_user

WAIT = 60_000  # ms


@pytest.fixture
def visitor(browser, stack):
    """Somebody without an account, whose test fails on any complaint."""
    context = chrome.context(browser, stack.url)
    page = context.new_page()
    page.ear = chrome.Ear(page)
    yield page
    complaints = page.ear.complaints()
    context.close()
    assert not complaints


@pytest.fixture(scope="module")
def letter(stack) -> dict:
    """A mounted text: what it is does not matter here."""
    name = f"letter-{secrets.token_hex(4)}.txt"
    stack.place(b"dear reader\n" * 100, stack.data / "shelf" / name)
    return stack.wait_for_media(name)


def make_share(page, media, name, **fields) -> str:
    """By the dialog of the watch page; returns the link that it shows."""
    page.goto(f"/watch/{media['id']}")
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.locator("#share-dialog")
    dialog.get_by_label("Name").fill(name)
    for label, value in fields.items():
        dialog.get_by_label(label).fill(value)
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Link", exact=True)
    expect(link).to_be_visible(timeout=WAIT)
    return link.input_value()


def row(page, name):
    return page.locator(".own-share").filter(has_text=name)


def test_the_link_of_the_dialog_opens_for_a_stranger_until_it_is_called_back(page, visitor, letter):
    name = f"Letters {secrets.token_hex(4)}"
    url = make_share(page, letter, name)
    chrome.until(page, "document.querySelector('#share-dialog .qr')?.naturalWidth > 0")
    visitor.goto(url)
    expect(visitor.get_by_role("heading", name=name)).to_be_visible()
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="Download").click()
    assert download.value.path().read_bytes() == b"dear reader\n" * 100

    page.get_by_role("link", name="All your shares").click()
    expect(row(page, name)).to_contain_text("1 visitor")
    page.get_by_role("button", name=f"Call back {name}").click()
    page.get_by_role("button", name="Call it back").click()
    expect(page.get_by_text("It is called back.")).to_have_count(1)
    expect(row(page, name)).to_contain_text("called back")
    visitor.ear.expected += ["410", "404"]
    visitor.goto(url)
    expect(visitor.get_by_role("heading", name="This share has ended.")).to_be_visible()


def test_a_password_is_asked_for(page, visitor, letter):
    name = f"Secret {secrets.token_hex(4)}"
    url = make_share(page, letter, name, Password="open sesame")
    visitor.goto(url)
    assert letter["name"] not in visitor.content()
    visitor.get_by_label("Password", exact=True).fill("open sesame")
    visitor.keyboard.press("Enter")
    expect(visitor.get_by_role("heading", name=name)).to_be_visible()
    page.goto("/shares")
    expect(row(page, name)).to_contain_text("password")


def test_a_share_to_see_offers_no_download(page, visitor, letter):
    page.goto(f"/watch/{letter['id']}")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_label("Only see").check()
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_label("Link", exact=True)).to_be_visible(timeout=WAIT)
    visitor.goto(page.get_by_label("Link", exact=True).input_value())
    expect(visitor.get_by_role("link", name="Download")).to_have_count(0)


def test_the_direct_link_is_still_there(page, letter):
    page.goto(f"/watch/{letter['id']}")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_text("Direct link").click()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Link", exact=True)
    expect(link).to_be_visible(timeout=WAIT)
    assert page.request.get(link.input_value()).body() == b"dear reader\n" * 100


def test_several_selected_things_are_one_share(page, visitor, letter, stack):
    stack.place(b"another\n", stack.data / "shelf" / letter["name"].replace("letter", "answer to letter"))
    answer = stack.wait_for_media(letter["name"].replace("letter", "answer to letter"))
    page.goto(f"/library?query={letter['name']}")
    for media in (letter, answer):
        page.get_by_label(f"Select {media['name']}").check()
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("button", name="Make the link").click()
    link = page.get_by_label("Link", exact=True)
    expect(link).to_be_visible(timeout=WAIT)
    visitor.goto(link.input_value())
    for media in (letter, answer):
        expect(visitor.get_by_text(media["name"], exact=True)).to_have_count(1)


def test_a_refusal_is_told_in_the_dialog(page, letter):
    page.ear.expected += ["/api/shares", "status of 400"]
    page.goto(f"/watch/{letter['id']}")
    page.get_by_role("button", name="Share", exact=True).click()
    page.evaluate("document.getElementById('share-expires').selectedOptions[0].value = 1e9")
    page.get_by_role("button", name="Make the link").click()
    expect(page.locator("#share-dialog [data-note]")).to_contain_text("expires_in must lie between", timeout=WAIT)


def test_a_drop_box_is_made_and_listed_with_its_caps(page):
    name = f"Party {secrets.token_hex(4)}"
    page.goto("/shares")
    page.get_by_role("button", name="New drop box").click()
    page.locator("#box-name").fill(name)
    page.get_by_label("At most files").fill("20")
    page.get_by_label("At most GB together").fill("2.5")
    page.get_by_role("button", name="Make the drop box").click()
    chrome.until(page, "document.querySelector('#share-qr img').naturalWidth > 0")
    assert "/s/" in page.locator("#qr-url").input_value()
    page.keyboard.press("Escape")
    expect(row(page, name)).to_contain_text("20 files up to 2.5 GB")


def test_everybody_sees_their_own_and_administrators_all(stack, page):
    name, person = f"Mine {secrets.token_hex(4)}", add_user(stack)
    client = stack.session(person, PASSWORD)
    made = client.post("/api/shares", json={"rights": ["upload"], "name": name})
    assert made.status_code == 201, made.text
    page.goto("/shares")
    expect(row(page, name)).to_have_count(0)
    page.get_by_role("link", name="Everybody’s").click()
    expect(row(page, name)).to_contain_text(person)
    assert name in client.get("/shares").text
    assert client.get("/shares?all=true").status_code == 403

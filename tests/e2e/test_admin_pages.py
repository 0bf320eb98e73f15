"""The admin pages in Chromium: one journey at a desk, one in a hand."""

from __future__ import annotations

import re
import secrets

from playwright.sync_api import expect

from tests.e2e import browser as chrome
from tests.e2e.conftest import make
from tests.e2e.people import wait_until

PAGES = ("", "/users", "/sessions", "/shares", "/queue", "/quarantine", "/mounts", "/links", "/keys", "/audit",
         "/storage", "/health")  # fmt: skip


def wide(page) -> int:
    """How many pixels it can be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def tab_is_seen(page) -> bool:
    box = page.locator(".admin-nav [aria-current=page]").bounding_box()
    return box["x"] >= 0 and box["x"] + box["width"] <= chrome.PHONE["width"]


def film_of_a_minute(directory):
    short = make(
        directory / "short.mp4", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=10", "-c:v", "mpeg4", "-q:v",
        "20",
    )  # fmt: skip
    return make(directory / "minute.mp4", "-stream_loop", "5", "-i", str(short), "-c", "copy")


def test_an_administrator_at_a_desk(stack, browser, page, photo, tmp_path):
    name, admin = f"zora-{secrets.token_hex(4)}", stack.session()

    # A user is made, and signs in elsewhere with the password that is shown once.
    page.goto("/admin")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.get_by_role("navigation", name="Administration").get_by_role("link", name="Users").click()
    page.get_by_text("New user").click()
    page.get_by_label("User name").fill(name)
    page.get_by_role("button", name="Make the user").click()
    password = page.locator("#made-password").input_value()
    context = chrome.context(browser, stack.url)
    theirs = context.new_page()
    theirs.goto("/login")
    theirs.fill("[name=username]", name)
    theirs.fill("[name=password]", password)
    theirs.keyboard.press("Enter")
    theirs.wait_for_url("**/library")
    theirs.goto("/admin")
    expect(theirs.locator("h1")).to_be_visible()
    assert theirs.url.endswith("/admin") and theirs.locator(".admin-nav").count() == 0  # told no, not sent round

    # Another role by the form, then disabled by keyboard: asked first, Escape keeps things as they are.
    page.get_by_role("link", name=f"Open {name}").click()
    page.get_by_label("Role").select_option("editor")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("It is changed")).to_be_visible()
    assert stack.query(f"SELECT role FROM users WHERE username = '{name}'") == "editor"
    dialog = page.locator("#ask")
    page.get_by_role("button", name="Disable").focus()
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert stack.query(f"SELECT active FROM users WHERE username = '{name}'") == "t"
    page.get_by_role("button", name="Disable").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("They are switched off")).to_be_visible()
    theirs.goto("/library")
    expect(theirs).to_have_url(re.compile("/login"))
    context.close()

    # The queue moves by itself.
    page.goto("/admin/queue")
    page.evaluate("document.documentElement.dataset.same = 'yes'")
    film = f"{name}.mp4"
    stack.drop(film_of_a_minute(tmp_path), film)
    bar = page.get_by_role("progressbar", name=f"Progress of {film}")
    expect(bar).to_be_visible()
    wait_until(lambda: page.wait_for_timeout(100) or not bar.count() or float(bar.get_attribute("value") or 0) > 0)
    expect(page.get_by_role("link", name=film)).to_be_hidden()  # it is done, and gone from the queue
    assert page.evaluate("document.documentElement.dataset.same") == "yes", "it was loaded again"
    stack.wait_for_media(film)

    # A share is called back.
    body = {"media_ids": [photo["id"]], "rights": ["view"], "name": f"Share {name}"}
    share = admin.post("/api/shares", json=body).json()
    page.goto("/admin/shares")
    page.get_by_role("button", name=f"Call back Share {name}").click()
    dialog.get_by_role("button", name="Call it back").click()
    expect(page.get_by_text("It is called back")).to_be_visible()
    assert stack.session(None).get(f"/s/{share['code']}").status_code == 410

    # A new master key, in the background.
    version = int(stack.query("SELECT max(master_version) FROM media_keys"))
    page.goto("/admin/keys")
    page.get_by_role("button", name="Rotate now").click()
    dialog.get_by_role("button", name="Rotate now").click()
    wait_until(lambda: int(stack.query("SELECT min(master_version) FROM media_keys")) > version)
    expect(page.get_by_role("button", name="Rotate now")).to_be_visible()

    # Old addresses of the audit trail still lead there.
    page.goto("/admin?event=user_created")
    expect(page.get_by_role("heading", name="Audit")).to_be_visible()
    assert page.url.endswith("/admin/audit?event=user_created")


def test_an_administrator_in_a_hand(page):
    page.set_viewport_size(chrome.PHONE)
    for path in PAGES:
        page.goto(f"/admin{path}")
        expect(page.locator("h1")).to_be_visible()
        assert wide(page) <= 0, path
        assert page.locator(".admin-nav [aria-current=page]").count() == 1, path
        wait_until(lambda: tab_is_seen(page))
    page.locator("summary.avatar").click()
    for link in ("Account", "Shares", "Trash", "Admin"):
        expect(page.locator(".menu-panel").get_by_role("link", name=link, exact=True)).to_be_visible()
    assert wide(page) <= 0
    expect(page.locator(".menu-panel [aria-current=page]")).to_have_text(re.compile("Admin"))

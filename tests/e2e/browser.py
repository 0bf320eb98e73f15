"""Debian's Chromium under Playwright, with an ear for everything that goes wrong in a page."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Iterator

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.stack import PATIENCE

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip

expect.set_options(timeout=PATIENCE * 1000)

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS, timeout=2000 * PATIENCE)
        yield browser
        browser.close()


def context(browser: Browser, url: str, **options) -> BrowserContext:
    context = browser.new_context(base_url=url, ignore_https_errors=True, viewport=DESKTOP, **options)
    context.set_default_timeout(PATIENCE * 1000)
    return context


class Ear:
    """Hears console errors, page errors and failed requests; `expected` patterns are forgiven."""

    def __init__(self, page: Page):
        self.heard: list[str] = []
        self.expected: list[str] = []
        page.on("console", lambda message: message.type == "error" and self.heard.append(message.text))
        page.on("pageerror", lambda error: self.heard.append(str(error)))
        page.on("response", lambda answer: answer.status >= 400 and self.heard.append(f"{answer.status} {answer.url}"))

    def complaints(self) -> list[str]:
        return [text for text in self.heard if not any(re.search(pattern, text) for pattern in self.expected)]


def until(page: Page, expression: str, seconds: float = PATIENCE) -> None:
    """Wait until a JavaScript expression is true. (Playwright's own way needs eval, which our CSP forbids.)"""
    deadline = time.monotonic() + max(seconds, PATIENCE)
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"not true: {expression}"
        page.wait_for_timeout(100)


def sign_in(page: Page, password: str) -> None:
    """By keyboard alone."""
    page.goto("/login")
    page.locator("[name=username]").focus()
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.locator("[name=password]").focus()
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/library")

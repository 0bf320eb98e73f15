"""``deploy/test screenshots``: every page in both sizes and both themes, into ./screenshots, to be looked at."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.e2e import browser as chrome
from tests.stack import Client, running


def pages(items: list[dict]) -> dict[str, str]:
    """Name -> address: the library, one page for each kind of media, and an error."""
    found = {"library": "/library", "empty": "/library?query=nothing-has-this-name"}
    for item in items:
        kind = item["type"] if item["state"] == "completed" else item["state"]
        found.setdefault(f"watch-{kind}", f"/watch/{item['id']}")
    more = {"account": "/account", "admin": "/admin", "docs": "/docs#post-api-links"}
    return {**found, **more, "error": "/watch/00000000-0000-4000-8000-000000000000"}


def take(url: str, password: str, client: Client, target: Path) -> None:
    target.mkdir(exist_ok=True)
    items = client.get("/api/media/library?limit=100").json()["data"]
    with chrome.chromium() as browser:
        signed_in = sign_in_once(browser, url, password)
        for size, viewport in (("desktop", chrome.DESKTOP), ("phone", chrome.PHONE)):
            for theme in ("dark", "light"):
                shoot(browser, url, {"sign-in": "/login"}, target, f"{size}-{theme}", viewport, theme, None)
                shoot(browser, url, pages(items), target, f"{size}-{theme}", viewport, theme, signed_in)


def sign_in_once(browser, url: str, password: str):
    """One device, however many pictures."""
    context = chrome.context(browser, url)
    chrome.sign_in(context.new_page(), password)
    state = context.storage_state()
    context.close()
    return state


def shoot(browser, url, places: dict[str, str], target: Path, suffix: str, viewport, theme: str, signed_in) -> None:
    context = chrome.context(browser, url, color_scheme=theme, storage_state=signed_in)
    page = context.new_page()
    page.set_viewport_size(viewport)
    for name, address in places.items():
        page.goto(address)
        page.wait_for_timeout(1500)
        page.screenshot(path=target / f"{name}-{suffix}.png")
    context.close()


def main() -> None:
    """Of a running instance (URL and its data directory as arguments), or of an empty one of our own."""
    if len(sys.argv) == 3:
        url, data = sys.argv[1], Path(sys.argv[2])
        client = Client(url, data / "tls/certificate.pem")
        password = (data / "admin-password").read_text().strip()
        client.post("/api/auth/login", json={"username": "admin", "password": password}).raise_for_status()
        take(url, password, client, Path("screenshots"))
        return
    with running() as stack:
        take(stack.url, stack.admin_password, stack.session(), Path("screenshots"))


if __name__ == "__main__":
    main()

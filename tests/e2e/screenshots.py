"""``deploy/test screenshots``: every page of pages.py in both sizes and both themes, into ./screenshots, to be looked at."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.e2e import browser as chrome
from tests.e2e import pages
from tests.stack import Client, running


def take(url: str, password: str, client: Client, target: Path) -> None:
    target.mkdir(exist_ok=True)
    world = pages.world(client)
    client.post("/api/auth/logout").raise_for_status()  # a device less of those that one may have
    people = pages.people(world, password)
    with chrome.chromium() as browser:
        for size, viewport in (("desktop", chrome.DESKTOP), ("phone", chrome.PHONE)):
            for theme in ("dark", "light"):
                viewer = pages.Viewer.of(browser, url, people, viewport, theme)
                shoot(viewer, world, target, f"{size}-{theme}")
                shoot_uploads(viewer.tabs["admin"], target, f"{size}-{theme}")
                viewer.close()


def shoot(viewer: pages.Viewer, world: dict[str, str], target: Path, suffix: str) -> None:
    """What an empty library has not, and nothing to click on, is left out."""
    for name, place in pages.PLACES.items():
        page, address = viewer.page(place), pages.address(place, world)
        if address and pages.open_(page, place, address):
            page.wait_for_timeout(1000)
            page.screenshot(path=target / f"{name}-{suffix}.png")


def shoot_uploads(page, target: Path, suffix: str) -> None:
    """One that is on its way, one that has arrived, one that is refused; then what a reload finds."""
    files = {"diary.txt": b"nothing happened\n" * (2 << 20), "note.txt": b"hello\n", "empty.txt": b""}
    given = [{"name": name, "mimeType": "text/plain", "buffer": content} for name, content in files.items()]
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/files/*", lambda route: _held(route) or route.continue_())
    page.goto("/upload")
    page.set_input_files("#pick-files", given)
    page.wait_for_timeout(4000)
    page.screenshot(path=target / f"upload-busy-{suffix}.png")
    page.goto("/upload")
    page.wait_for_timeout(1500)
    page.screenshot(path=target / f"upload-unfinished-{suffix}.png")
    if page.locator("[data-act=cancel]:visible").count():
        page.locator("[data-act=cancel]:visible").first.click()
        page.wait_for_timeout(500)


def _held(route) -> bool:
    """Nothing after the first part of a long upload is answered."""
    return route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0"


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

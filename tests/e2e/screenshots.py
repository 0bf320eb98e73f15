"""``deploy/test screenshots``: every page of pages.py in both sizes and both themes, into ./screenshots, to be looked at.

It says each picture as it is made, and at its end how many there are and what could not be shown.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Error, Page, Route

from tests.e2e import browser as chrome
from tests.e2e import pages
from tests.stack import Client, running

USAGE = "deploy/test screenshots [URL DIR [PART...]]: only pictures whose names have a part, as watch- or phone-light"
TARGET = Path("screenshots")
LOOKS = [
    (f"{size}-{theme}", viewport, theme)
    for size, viewport in (("desktop", chrome.DESKTOP), ("phone", chrome.PHONE))
    for theme in ("dark", "light")
]
UPLOADS = ("upload-busy", "upload-unfinished")  # of a page that is not still enough for pages.py
WAIT = 20_000  # ms for what is clicked on: what is not there by then will not come
TALLEST = 2400  # px of a page that goes on and on


@dataclass
class Album:
    """The pictures of one run; `only` has parts of the names of those that are wanted, all if none."""

    target: Path
    only: tuple[str, ...] = ()
    taken: int = 0
    without: list[str] = field(default_factory=list)  # what could not be shown, and why
    begun: float = field(default_factory=time.monotonic)

    def wants(self, name: str, look: str) -> bool:
        return not self.only or any(part in f"{name}-{look}" for part in self.only)

    def take(self, page: Page, name: str, look: str) -> None:
        page.wait_for_timeout(1000)  # what moves has come to rest
        height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
        whole = {"x": 0, "y": 0, **page.viewport_size, "height": max(height, page.viewport_size["height"])}
        page.screenshot(path=self.target / f"{name}-{look}.png", full_page=True, clip=whole)
        self.taken += 1
        self.say(f"{name}-{look}")

    def miss(self, name: str, look: str, why: str) -> None:
        self.without.append(f"{name}-{look}: {why}")
        self.say(f"{name}-{look} NOT TAKEN: {why}")

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self.begun:5.0f} s  {text}", flush=True)


def take(url: str, password: str, client: Client, album: Album) -> None:
    album.target.mkdir(exist_ok=True)
    world = pages.world(client)
    client.post("/api/auth/logout").raise_for_status()  # a device less of those that one may have
    people = pages.people(world, password)
    with chrome.chromium() as browser:
        for look, viewport, theme in LOOKS:
            if not any(album.wants(name, look) for name in (*pages.PLACES, *UPLOADS)):
                continue
            viewer = pages.Viewer.of(browser, url, people, viewport, theme)
            for page in viewer.tabs.values():
                page.set_default_timeout(WAIT)
            shoot(viewer, world, album, look)
            if any(album.wants(name, look) for name in UPLOADS):
                try_uploads(viewer.tabs["admin"], album, look)
            viewer.close()


def shoot(viewer: pages.Viewer, world: dict[str, str], album: Album, look: str) -> None:
    for name, place in pages.PLACES.items():
        if not album.wants(name, look):
            continue
        page, address = viewer.page(place), pages.address(place, world)
        try:
            if not address:
                album.miss(name, look, "the library has nothing of the kind")
            elif not pages.open_(page, place, address):
                album.miss(name, look, "there is nothing to click on")
            else:
                album.take(page, name, look)
        except Error as error:
            album.miss(name, look, error.message.splitlines()[0])


def try_uploads(page: Page, album: Album, look: str) -> None:
    try:
        shoot_uploads(page, album, look)
    except Error as error:
        album.miss("upload", look, error.message.splitlines()[0])


def shoot_uploads(page: Page, album: Album, look: str) -> None:
    """One that is on its way, one that has arrived, one that is refused; then what a reload finds."""
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/files/*", _hold)
    page.goto("/upload")
    with tempfile.TemporaryDirectory() as place:
        files = {"diary.txt": b"nothing happened\n" * (2 << 20), "note.txt": b"hello\n", "empty.txt": b""}
        for name, content in files.items():
            Path(place, name).write_bytes(content)
        page.set_input_files("#pick-files", [Path(place, name) for name in files])
        page.wait_for_timeout(3000)
        album.take(page, UPLOADS[0], look)
    page.unroute_all(behavior="ignoreErrors")
    page.goto("/upload")
    album.take(page, UPLOADS[1], look)
    if page.locator("[data-act=cancel]:visible").count():
        page.locator("[data-act=cancel]:visible").first.click()
        page.wait_for_timeout(500)


def _hold(route: Route) -> None:
    """Nothing after the first part of a long upload is answered."""
    if route.request.method != "PATCH" or route.request.headers["upload-offset"] == "0":
        route.continue_()


def main() -> None:
    """Of a running instance (URL and its data directory as arguments), or of an empty one of our own."""
    asked = sys.argv[1:]
    if len(asked) == 1 or asked[:1] in (["-h"], ["--help"]):
        sys.exit(USAGE)
    album = Album(TARGET, tuple(asked[2:]))
    if asked:
        url, data = asked[0], Path(asked[1])
        client = Client(url, data / "tls/certificate.pem")
        password = (data / "admin-password").read_text().strip()
        client.post("/api/auth/login", json={"username": "admin", "password": password}).raise_for_status()
        take(url, password, client, album)
    else:
        with running() as stack:
            take(stack.url, stack.admin_password, stack.session(), album)
    finish(album)


def finish(album: Album) -> None:
    for missing in album.without:
        print(f"not taken: {missing}")
    print(f"screenshots: {album.taken} pictures in {album.target.resolve()}, {len(album.without)} not taken")


if __name__ == "__main__":
    main()

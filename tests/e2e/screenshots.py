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
    more = {
        "upload": "/upload", "shares": "/shares", "account": "/account", "admin": "/admin",
        **{f"admin-{name}": f"/admin/{name}" for name in (
            "users", "sessions", "shares", "queue", "quarantine", "mounts", "links", "keys", "audit", "storage", "health",
        )},
        "docs": "/docs#post-api-links",
    }  # fmt: skip
    return {**found, **more, "error": "/watch/00000000-0000-4000-8000-000000000000"}


def shared(client: Client, items: list[dict]) -> dict[str, str]:
    """Name -> address of what visitors see: a share of some, one behind a password, a drop box."""
    some = [item["id"] for item in items if item["state"] == "completed"][:3]
    wanted = {
        "share": {"media_ids": some, "rights": ["view", "download"], "name": "Summer", "note": "Have a look!"},
        "share-locked": {"media_ids": some, "rights": ["view"], "password": "open sesame"},
        "share-box": {"rights": ["upload"], "name": "Photos of the party", "upload_max_files": 50},
    }
    made = {name: client.post("/api/shares", json=share) for name, share in wanted.items() if some}
    return {name: answer.json()["url"] for name, answer in made.items()}


# Name -> (address, what is clicked there, one after the other).
STATES = {
    "library-selected": ("/library", ["[data-select-mode]", ".card >> nth=0", ".card >> nth=1"]),
    "library-share": ("/library", ["[data-select-mode]", ".card >> nth=0", "[data-selection=share]"]),
    "shares-qr": ("/shares", ["[data-qr] >> nth=0"]),
    "shares-box": ("/shares", ["[data-opens-dialog]"]),
    "shares-revoke": ("/shares", ["[data-revoke] >> nth=0"]),
}


def take(url: str, password: str, client: Client, target: Path) -> None:
    target.mkdir(exist_ok=True)
    items = client.get("/api/media/library?limit=100").json()["data"]
    for_visitors = {"sign-in": "/login", **shared(client, items)}
    with chrome.chromium() as browser:
        signed_in = sign_in_once(browser, url, password)
        for size, viewport in (("desktop", chrome.DESKTOP), ("phone", chrome.PHONE)):
            for theme in ("dark", "light"):
                shoot(browser, url, for_visitors, target, f"{size}-{theme}", viewport, theme, None)
                shoot(browser, url, pages(items), target, f"{size}-{theme}", viewport, theme, signed_in)
                shoot_states(browser, url, target, f"{size}-{theme}", viewport, theme, signed_in)


def sign_in_once(browser, url: str, password: str):
    """One device, however many pictures."""
    context = chrome.context(browser, url)
    chrome.sign_in(context.new_page(), password)
    state = context.storage_state()
    context.close()
    return state


def shoot_states(browser, url, target: Path, suffix: str, viewport, theme: str, signed_in) -> None:
    """What a page looks like after some clicks, and the upload page at work and after a reload."""
    context = chrome.context(browser, url, color_scheme=theme, storage_state=signed_in)
    page = context.new_page()
    page.set_viewport_size(viewport)
    for name, (address, clicks) in STATES.items():
        page.goto(address)
        page.wait_for_timeout(500)
        if not all(_clicked(page, selector) for selector in clicks):
            continue  # an empty library has nothing to click on
        page.wait_for_timeout(700)
        page.screenshot(path=target / f"{name}-{suffix}.png")
        page.evaluate("sessionStorage.clear()")
    shoot_uploads(page, target, suffix)
    context.close()


def _clicked(page, selector: str) -> bool:
    found = page.locator(selector)
    if found.count():
        found.click()
    return bool(found.count())


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

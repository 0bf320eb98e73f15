"""THE list of pages and their states: what is photographed (screenshots.py), and held to the rules (test_pages.py).

A new page gets its line in PLACES; a state that needs clicks names them. An address may ask for what `world` finds or makes.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e import browser as chrome
from tests.stack import Client

NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Place:
    """Where it is, what is clicked there one after the other, and whether a stranger looks at it."""

    address: str
    clicks: tuple[str, ...] = ()
    stranger: bool = False
    status: int = 200


ADMIN = (
    "users", "sessions", "shares", "queue", "quarantine", "mounts", "links", "keys", "audit", "storage", "health",
)  # fmt: skip
_SELECT = ("[data-select-mode]", ".card >> nth=0", ".card >> nth=1")

PLACES = {
    "sign-in": Place("/login", stranger=True),
    "library": Place("/library{found}"),
    "library-filters": Place("/library{found}", ("summary:has-text('Filters')",)),
    "library-selected": Place("/library{found}", _SELECT),
    "library-share": Place("/library{found}", (*_SELECT, "[data-selection=share]")),
    "library-tags": Place("/library{found}", (*_SELECT, "[data-selection=tags]")),
    "empty": Place("/library?query=nothing-has-this-name"),
    "menu": Place("/library{found}", ("summary.avatar",)),
    "watch-video": Place("/watch/{video}"),
    "watch-player": Place("/watch/{video}", ("[data-opens=open-in-player]",)),
    "watch-edit": Place("/watch/{video}", ("[data-opens=edit-dialog]",)),
    "watch-audio": Place("/watch/{audio}"),
    "watch-image": Place("/watch/{image}"),
    "watch-document": Place("/watch/{document}"),
    "watch-failed": Place("/watch/{failed}"),
    "upload": Place("/upload"),
    "shares": Place("/shares"),
    "shares-qr": Place("/shares", ("[data-qr] >> nth=0",)),
    "shares-box": Place("/shares", ("[data-opens-dialog]",)),
    "shares-revoke": Place("/shares", ("[data-revoke] >> nth=0",)),
    "trash": Place("/trash"),
    "account": Place("/account"),
    "admin": Place("/admin"),
    **{f"admin-{name}": Place(f"/admin/{name}") for name in ADMIN},
    "docs": Place("/docs#post-api-links"),
    "error": Place(f"/watch/{NOBODY}", status=404),
    "share": Place("{share}", stranger=True),
    "share-watch": Place("{share}/watch/{shown}", stranger=True),
    "share-locked": Place("{locked}", stranger=True),
    "share-box": Place("{box}", stranger=True),
    "share-gone": Place("/s/nothing-here", stranger=True, status=404),
}


def world(client: Client, query: str = "") -> dict[str, str]:
    """What the addresses ask for: media by kind (those that `query` finds), and shares of some, made here."""
    items = client.get(f"/api/media/library?limit=100&query={query}").json()["data"]
    found = {"found": f"?query={query}&sort=name" if query else ""}
    for item in items:
        found.setdefault(item["type"] if item["state"] == "completed" else item["state"], item["id"])
    some = [item["id"] for item in items if item["state"] == "completed"][:3]
    return found | (shares(client, some) if some else {})


def shares(client: Client, some: list[str]) -> dict[str, str]:
    wanted = {
        "share": {"media_ids": some, "rights": ["view", "download"], "name": "Summer", "note": "Have a look!"},
        "locked": {"media_ids": some, "rights": ["view"], "password": "open sesame"},
        "box": {"rights": ["upload"], "name": "Photos of the party", "upload_max_files": 50},
    }
    made = {name: client.post("/api/shares", json=share).json()["code"] for name, share in wanted.items()}
    return {name: f"/s/{code}" for name, code in made.items()} | {"shown": some[0]}


def address(place: Place, world: dict[str, str]) -> str | None:
    """None where there is nothing to look at: an empty library has no film."""
    try:
        return place.address.format_map(world)
    except KeyError:
        return None


@dataclass
class Viewer:
    """Two tabs of one browser in one size and theme: a person who has signed in, and a stranger."""

    person: Page
    stranger: Page

    @classmethod
    def of(cls, browser: Browser, url: str, signed_in, viewport: dict, theme: str) -> Viewer:
        def tab(state) -> Page:
            page = _context(browser, url, theme, state).new_page()
            page.set_viewport_size(viewport)
            return page

        return cls(tab(signed_in), tab(None))

    def page(self, place: Place) -> Page:
        return self.stranger if place.stranger else self.person

    def close(self) -> None:
        for page in (self.person, self.stranger):
            page.context.close()


def _context(browser: Browser, url: str, theme: str, state) -> BrowserContext:
    context = chrome.context(browser, url, color_scheme=theme, storage_state=state, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    return context


def open_(page: Page, place: Place, address: str) -> bool:
    """Go there and click; False where something that is to be clicked on is not there."""
    page.evaluate("location.origin === 'null' || sessionStorage.clear()")  # what the page before has selected
    page.goto(address, wait_until="load")
    for selector in place.clicks:
        target = page.locator(selector).first
        if not target.count():
            return False
        target.click()
    return True

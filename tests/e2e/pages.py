"""THE list of pages and their states: what is photographed (screenshots.py), and held to the rules (test_pages.py).

A new page gets its line in PLACES; a state that needs clicks names them. An address may ask for what `world` finds or makes.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, Route

from tests.e2e import browser as chrome
from tests.stack import Client

NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Place:
    """Where it is, what is clicked there one after the other, and who looks at it: the admin, a stranger, or a newcomer
    who has nothing yet. `answers` stand in for the server's own: status and JSON by address; `shows` is what comes then."""

    address: str
    clicks: tuple[str, ...] = ()
    by: str = "admin"
    status: int = 200
    answers: Mapping[str, tuple[int, dict]] = field(default_factory=dict)
    shows: str = ""


ADMIN = (
    "users", "sessions", "shares", "queue", "quarantine", "mounts", "links", "keys", "audit", "storage", "health",
)  # fmt: skip
TOO_MANY = {
    "**/key/*": (409, {"error": {"code": "LIMIT_007", "message": "Too many streams.", "details": {}}}),
    "**/api/streams": (200, {"data": [
        {"id": NOBODY, "media_id": NOBODY, "name": "A film that is on elsewhere.mp4", "type": "video", "rung": "720p",
         "device_name": "Firefox on Android", "device_type": "phone", "since": "2026-01-01T20:15:00+00:00",
         "portable": False, "is_current": False},
    ]}),
}  # fmt: skip
_SELECT = ("[data-select-mode]", ".card >> nth=0", ".card >> nth=1")

PLACES = {
    "sign-in": Place("/login", by="stranger"),
    "library": Place("/library?view=grid"),
    "library-filters": Place("/library{found}", ("summary:has-text('Filters')",)),
    "library-selected": Place("/library{found}", _SELECT),
    "library-share": Place("/library{found}", (*_SELECT, "[data-selection=share]")),
    "library-tags": Place("/library{found}", (*_SELECT, "[data-selection=tags]")),
    "library-list": Place("/library{found}&view=list"),
    "library-search": Place("/library?query={word}&view=grid"),
    "library-folders": Place("/library?folder=/"),
    "library-folder": Place("/library?folder=/", (".folder >> nth=0",)),
    "library-tag-cloud": Place("/library?browse=tags"),
    "library-tag": Place("/library?tag={tag}"),
    "empty": Place("/library?query=nothing-has-this-name"),
    "empty-shares": Place("/shares", by="newcomer"),
    "empty-trash": Place("/trash", by="newcomer"),
    "empty-history": Place("/history", by="newcomer"),
    "menu": Place(f"/watch/{NOBODY}", ("summary.avatar",), status=404),  # nothing lies half below it
    "watch-video": Place("/watch/{video}"),
    "watch-player": Place("/watch/{video}", ("[data-opens=open-in-player]",)),
    "watch-elsewhere": Place("/watch/{video}", (".player-centre",), answers=TOO_MANY, shows=".take-over li"),
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
    "history": Place("/history"),
    "analytics": Place("/analytics"),
    "analytics-media": Place("/analytics/media/{video}"),
    "account": Place("/account"),
    "admin": Place("/admin"),
    **{f"admin-{name}": Place(f"/admin/{name}") for name in ADMIN},
    "admin-user": Place("/admin/users/{newcomer}"),
    "docs": Place("/docs#post-api-links"),
    "error": Place(f"/watch/{NOBODY}", status=404),
    "share": Place("{share}", by="stranger"),
    "share-watch": Place("{share}/watch/{shown}", by="stranger"),
    "share-locked": Place("{locked}", by="stranger"),
    "share-box": Place("{box}", by="stranger"),
    "share-gone": Place("/s/nothing-here", by="stranger", status=404),
}


def world(client: Client, query: str = "") -> dict[str, str]:
    """What the addresses ask for: media by kind (those that `query` finds); shares of some and a newcomer, made here."""
    items = client.get(f"/api/media/library?limit=100&query={query}").json()["data"]
    found = {"found": f"?query={query}&sort=name" if query else "?type=all"} | newcomer(client)
    for item in sorted(items, key=lambda item: item["delivery"] == "file"):  # a film of our own making first
        found.setdefault(item["type"] if item["state"] == "completed" else item["state"], item["id"])
        found.setdefault("word", query or item["name"].split()[0])
        if item["tags"]:
            found.setdefault("tag", item["tags"][0])
    some = [item["id"] for item in items if item["state"] == "completed"][:3]
    return found | (shares(client, some) if some else {})


def newcomer(client: Client) -> dict[str, str]:
    """Somebody who has nothing yet, with a password that is not kept."""
    person = {"username": f"newcomer-{secrets.token_hex(3)}", "password": f"Newcomer-1-{secrets.token_hex(8)}"}
    made = client.post("/api/admin/users", json=person | {"role": "editor"})
    made.raise_for_status()
    return {"newcomer": made.json()["id"], **person}


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
    """Tabs of one browser in one size and theme, by who looks at them; each has signed in for itself."""

    tabs: dict[str, Page]

    @classmethod
    def of(cls, browser: Browser, url: str, people: dict[str, dict], viewport: dict, theme: str) -> Viewer:
        """`people`: what they sign in with."""
        tabs = {by: _tab(browser, url, viewport, theme) for by in ("stranger", *people)}
        for by, person in people.items():
            signed_in = tabs[by].request.post("/api/auth/login", data=person)
            assert signed_in.ok, signed_in.text()
        return cls(tabs)

    def page(self, place: Place) -> Page:
        return self.tabs[place.by]

    def close(self) -> None:
        for by, page in self.tabs.items():
            if by != "stranger":  # a device less that counts
                page.request.post("/api/auth/logout")
            page.context.close()


def people(world: dict[str, str], password: str) -> dict[str, dict]:
    return {
        "admin": {"username": "admin", "password": password},
        "newcomer": {"username": world["username"], "password": world["password"]},
    }


def _tab(browser: Browser, url: str, viewport: dict, theme: str) -> Page:
    page = chrome.context(browser, url, color_scheme=theme, reduced_motion="reduce").new_page()
    page.set_viewport_size(viewport)
    return page


def open_(page: Page, place: Place, address: str) -> bool:
    """Go there and click; False where something that is to be clicked on is not there."""
    page.evaluate("location.origin === 'null' || sessionStorage.clear()")  # what the page before has selected
    page.unroute_all(behavior="ignoreErrors")
    for pattern, answer in place.answers.items():
        page.route(pattern, _with(*answer))
    page.goto(address, wait_until="load")
    for selector in place.clicks:
        target = page.locator(selector).first
        if not target.count():
            return False
        target.click()
    if place.shows:
        page.locator(place.shows).first.wait_for()
    page.wait_for_load_state()  # a click may lead to another page
    return True


def _with(status: int, body: dict) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, json=body)

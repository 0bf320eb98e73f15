"""What people look at, from a film that is played through Nginx to the pages that tell of it."""

from __future__ import annotations

import secrets
from urllib.parse import urljoin

import pytest

from tests.e2e import browser as chrome
from tests.e2e.hls import rungs, segments
from tests.e2e.people import PASSWORD, add_user, wait_until


@pytest.fixture(scope="module")
def viewer(stack):
    """A signed-in viewer who has played the film's first minute, as fast as the line allows."""
    client = stack.session(add_user(stack), PASSWORD)
    client.name = secrets.token_hex(4)
    return client


@pytest.fixture(scope="module")
def watched(stack, film, viewer) -> dict:
    """The entry of the viewer's history, once the receipts have been read."""
    master = viewer.get(f"/api/media/stream/{film['id']}")
    pieces = segments(viewer, urljoin(stack.url, rungs(viewer, master.url, master.text)["360p"]))
    for piece in pieces:
        viewer.get(piece.key_url).raise_for_status()
        viewer.get(piece.url).raise_for_status()
    wait_until(lambda: entries(viewer), what="the film is not in the history")
    return entries(viewer)[0]


def entries(client) -> list[dict]:
    return client.get("/api/history").json()["data"]


def film_in(answer: dict, film: dict) -> dict:
    return next((row for row in answer["data"] if row["id"] == film["id"]), {})


def test_a_film_that_was_played_is_popular_and_has_a_heatmap_and_a_history(stack, film, viewer, watched):
    admin = stack.session()
    assert (watched["media_id"], watched["name"], watched["views"]) == (film["id"], film["name"], 1)
    assert watched["watched_seconds"] >= 9  # its first piece; the rest had been fetched ahead
    for span in ("24h", "30d"):
        row = film_in(admin.get(f"/api/analytics/popular?range={span}&limit=100&type=video").json(), film)
        assert row["views"] >= 1 and row["viewers"] >= 1 and row["watched_seconds"] >= 9 and row["bytes"] > 1000
    heat = admin.get(f"/api/analytics/heatmap?media_id={film['id']}").json()
    assert len(heat["segments"]) == 2 and heat["segments"][0] >= 1
    kinds = {row["kind"] for row in admin.get("/api/analytics/deliveries?range=24h").json()["data"]}
    assert {"segment", "key", "session"} <= kinds
    engagement = admin.get("/api/analytics/users/engagement?range=24h").json()
    assert engagement["active_users"] >= 1 and engagement["median_seconds"] > 0 and engagement["timezone"] == "UTC"


def test_editors_learn_no_names_and_nothing_of_what_is_private(stack, film, watched):
    editor = stack.session(add_user(stack, "editor"), PASSWORD)
    stack.sluice("media", "set", film["id"], "--visibility", "private")
    try:
        assert film_in(editor.get("/api/analytics/popular?limit=100").json(), film) == {}
        assert editor.get(f"/api/analytics/heatmap?media_id={film['id']}").status_code == 404
    finally:
        stack.sluice("media", "set", film["id"], "--visibility", "library")
    assert film_in(editor.get("/api/analytics/popular?limit=100").json(), film)
    assert editor.get("/api/analytics/users/engagement").json()["users"] == []
    assert editor.get("/api/analytics/storage/summary").json()["by_user"] == []


def test_a_search_is_kept_without_a_name_and_is_no_formula_in_a_spreadsheet(stack, viewer):
    admin, term = stack.session(), f"=hyperlink({secrets.token_hex(4)})"
    viewer.get("/library", params={"query": f"  {term.upper()} "}).raise_for_status()
    viewer.get("/library", params={"query": term[:-1]}, headers={"Sec-Fetch-Mode": "cors"})  # not typed to its end
    wanted = "/api/analytics/search-insights?limit=100&range=24h"

    def terms() -> list[str]:
        return [row["term"] for row in admin.get(wanted).json()["without_hits"]]

    wait_until(lambda: term in terms(), what="the search was not noted")
    assert term[:-1] not in terms()
    answer = admin.get(wanted + "&format=csv")
    assert answer.content.startswith(b"\xef\xbb\xbfterm,") and f"\r\n'{term}," in answer.text
    assert answer.headers["Content-Disposition"] == 'attachment; filename="searches.csv"'


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("range=8d", "range"), ("range=custom", "needs its beginning"), ("from=2026-11-01", "range=custom"),
        ("range=custom&from=2026-11-02&to=2026-11-01", "begin before it ends"), ("range=custom&from=2020-01-01", "400 days"),
        ("range=custom&from=yesterday", "2026-11-21"), ("limit=0", "limit"),
    ],
)  # fmt: skip
def test_a_range_that_makes_no_sense_is_refused_with_the_reason(stack, query, says):
    answer = stack.session().get(f"/api/analytics/popular?{query}")
    assert answer.status_code == 400 and says in answer.json()["error"]["details"]


def test_a_history_is_ones_own_and_clearing_it_takes_the_name_everywhere(stack, film, viewer, watched):
    other = stack.session(add_user(stack), PASSWORD)
    assert entries(other) == [] and other.get("/api/analytics/popular").status_code == 403
    user = watched_by = stack.query(f"SELECT user_id FROM history WHERE media_id = '{film['id']}' AND user_id = "
                                    f"'{viewer.get('/api/auth/me').json()['id']}'")  # fmt: skip
    assert other.delete(f"/api/history/{film['id']}").json() == {"cleared": 0} and entries(viewer)
    before = film_in(stack.session().get("/api/analytics/popular?limit=100").json(), film)
    assert viewer.delete("/api/history").json() == {"cleared": 1} and entries(viewer) == []
    assert film_in(stack.session().get("/api/analytics/popular?limit=100").json(), film)["views"] >= before["views"]
    named = " + ".join(
        f"(SELECT count(*) FROM {table} WHERE user_id = '{user}')"
        for table in ("receipts", "history", "insight_users", "viewings")
    )
    wait_until(lambda: stack.query(f"SELECT {named}") == "0", what=f"{watched_by} is still named")


def test_the_pages_in_a_browser(stack, page, film, watched):
    """At 1440 px the whole of it, at 390 what differs."""
    page.goto("/analytics?range=24h")
    chrome.until(page, "document.querySelectorAll('[data-chart] canvas').length >= 2")
    drawn = """[...document.querySelectorAll('[data-chart] canvas')].every((one) =>
        new Uint32Array(one.getContext('2d').getImageData(0, 0, one.width, one.height).data.buffer).some((p) => p))"""
    chrome.until(page, drawn)
    assert page.locator("[data-chart] table tbody tr").count() >= 48  # every hour of two charts
    page.get_by_role("navigation", name="Range").get_by_role("link", name="30 days").click()
    page.wait_for_url("**/analytics?range=30d")
    page.locator(".sums a", has_text=film["name"]).first.click()
    page.get_by_role("heading", name=film["name"]).wait_for()
    page.locator("svg.heat rect").first.wait_for()
    page.get_by_text("How this is counted").click()
    page.get_by_text("fetched ahead").wait_for()
    page.goto(f"/watch/{film['id']}")
    page.get_by_role("link", name="How it is watched").click()
    page.wait_for_url(f"**/analytics/media/{film['id']}")
    page.goto("/history")
    page.get_by_role("heading", name="History").wait_for()
    page.set_viewport_size(chrome.PHONE)
    for address in ("/analytics?range=24h", f"/analytics/media/{film['id']}", "/history"):
        page.goto(address)
        page.get_by_role("heading", level=1).wait_for()
        chrome.until(page, "document.documentElement.scrollWidth <= innerWidth")

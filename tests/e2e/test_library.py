"""The library by API and page: search, filters, cursors, and what its owner changes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e import browser as chrome
from tests.e2e.people import add_user, bearer, sign_in


@pytest.fixture(scope="module")
def renamed(stack, photo):
    """The photo with tags of this module's own; as it was afterwards."""
    client = stack.session()
    answer = client.patch(f"/api/media/{photo['id']}", json={"name": "Lighthouse at dusk.jpg", "tags": ["Coast", "Coast", "two words"]})
    assert answer.status_code == 200, answer.text
    yield answer.json()
    client.patch(f"/api/media/{photo['id']}", json={"name": photo["name"], "tags": []}).raise_for_status()


def found(stack, query: str) -> list[str]:
    answer = stack.session().get(f"/api/media/library?{query}")
    assert answer.status_code == 200, answer.text
    return [media["name"] for media in answer.json()["data"]]


def test_a_name_and_tags_are_changed_at_once(stack, renamed):
    assert (renamed["name"], renamed["tags"]) == ("Lighthouse at dusk.jpg", ["Coast", "two words"])
    assert stack.session().get(f"/api/media/{renamed['id']}").json()["tags"] == ["Coast", "two words"]


@pytest.mark.parametrize(
    "query", ["query=lighthouse", "query=lighthose%20dusk", "query=coast", "tag=two+words", "query=light&type=image&min_size=1"]
)
def test_it_is_found(stack, renamed, query):
    assert "Lighthouse at dusk.jpg" in found(stack, query)


@pytest.mark.parametrize(
    "query", ["query=lighthouse&type=video", "tag=coas", "query=light&to=2001-01-01", "query=light&max_size=1", "uploader=nobody"]
)
def test_it_is_not_found(stack, renamed, query):
    assert "Lighthouse at dusk.jpg" not in found(stack, query)


def test_cursors_walk_through_the_library(stack, film, photo, shelved):
    client, walked, cursor = stack.session(), [], ""
    while cursor is not None:
        answer = client.get(f"/api/media/library?limit=1&sort=name&cursor={cursor}").json()
        walked += [media["id"] for media in answer["data"]]
        cursor = answer["pagination"]["next_cursor"]
    assert len(walked) == len(set(walked)) and {film["id"], photo["id"], shelved["id"]} <= set(walked)


@pytest.mark.parametrize("query", ["cursor=x", "cursor=WyJuYW1lIiwieCIsInkiXQ==", "from=yesterday", "min_size=-1", "sort=color"])
def test_bad_questions_are_told_so(stack, query):
    answer = stack.session().get(f"/api/media/library?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "FILE_001")


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "a/b"}, {"name": "a\nb"}, {"name": "x" * 256}, {"tags": ["a,b"]}, {"tags": ["x"] * 51}])
def test_a_bad_name_or_tag_is_refused(stack, photo, body):
    assert stack.session().patch(f"/api/media/{photo['id']}", json=body).status_code == 400


def test_a_viewer_renames_nothing_of_others(stack, photo):
    viewer = bearer(sign_in(stack, add_user(stack, "viewer"))["access_token"])
    answer = stack.session(None).patch(f"/api/media/{photo['id']}", json={"name": "mine"}, headers=viewer)
    assert answer.status_code == 403


def test_results_that_are_as_they_were_are_not_sent_again(stack, renamed):
    admin, address = stack.session(), f"/library?part=results&query={renamed['name']}"
    stamp = re.search(r'data-stamp="(\w+)">', admin.get(address.replace("part=results&", "")).text)[1]
    known = {"If-None-Match": f'"{stamp}"'}
    again = admin.get(address, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    admin.patch(f"/api/media/{renamed['id']}", json={"tags": [*renamed["tags"], "another"]}).raise_for_status()
    assert admin.get(address, headers=known).status_code == 200


def test_the_page_filters_and_keeps_the_view_in_its_address(stack, renamed, film):
    with chrome.chromium() as browser:
        page = chrome.context(browser, stack.url).new_page()
        ear = chrome.Ear(page)
        chrome.sign_in(page, stack.admin_password)
        page.get_by_text("Filters").click()
        page.fill("#filter-tag", "Coast")
        page.get_by_role("button", name="Show", exact=True).click()
        page.wait_for_url("**tag=Coast**")
        page.get_by_text("Lighthouse at dusk.jpg").first.wait_for()
        expect(page.get_by_text("film.mp4").filter(visible=True)).to_have_count(0)
        page.get_by_text("Lighthouse at dusk.jpg").first.click()
        page.get_by_role("button", name="Edit").click()
        page.fill("#edit-tags", "Coast, two words, Evening")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Evening").click()
        page.wait_for_url("**tag=Evening**")
        page.get_by_text("Lighthouse at dusk.jpg").first.wait_for()
        assert not ear.complaints()

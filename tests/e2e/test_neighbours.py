"""GET /api/media/{id}/neighbours and the links of the watch page: the same view that somebody came from."""

from __future__ import annotations

import secrets
from urllib.parse import quote

import pytest

from tests.e2e.people import PASSWORD, add_user


@pytest.fixture(scope="module")
def letters(stack) -> dict[str, dict]:
    """Five mounted texts in a directory of their own; the fourth is private to somebody."""
    mark = secrets.token_hex(4)
    (stack.data / "shelf" / mark).mkdir()
    for name in "abcde":
        stack.place(name.encode() * 40, stack.data / "shelf" / mark / f"{mark}-{name}.txt")
    found = {name: stack.wait_for_media(f"{mark}-{name}.txt") for name in "abcde"}
    owner = add_user(stack)
    stack.sluice("media", "set", found["d"]["id"], "--owner", owner, "--visibility", "private")
    return found


@pytest.fixture(scope="module")
def viewer(stack):
    return stack.session(add_user(stack), PASSWORD)


def beside(client, media: dict, query: str = "") -> tuple[str, str]:
    """The last letters of the names before and after it."""
    answer = client.get(f"/api/media/{media['id']}/neighbours?{query}")
    assert answer.status_code == 200, answer.text
    return tuple("".join(one["name"][-5] for one in answer.json()[way]) for way in ("previous", "next"))


def test_without_a_view_it_is_the_folder(viewer, letters):
    assert beside(viewer, letters["b"], "limit=9") == ("a", "ce")  # and nobody else's private one
    assert beside(viewer, letters["e"]) == ("c", "")


def test_a_view_is_filtered_and_sorted_as_the_library_is(stack, viewer, letters):
    mark = letters["a"]["name"].partition("-")[0]
    assert beside(viewer, letters["c"], f"query={mark}&sort=name&order=desc&limit=9") == ("e", "ba")
    assert beside(stack.session(), letters["c"], f"query={mark}&sort=name&limit=9") == ("ba", "de")  # an administrator
    assert beside(viewer, letters["c"], f"query={mark}&type=image&sort=name") == ("", "")
    assert viewer.get(f"/api/media/{letters['c']['id']}/neighbours?sort=colour").status_code == 400
    assert viewer.get(f"/api/media/{letters['d']['id']}/neighbours").json()["error"]["code"] == "MEDIA_001"


def test_the_page_goes_on_in_the_view_that_its_address_carries(viewer, letters):
    mark = letters["a"]["name"].partition("-")[0]
    view = quote(f"query={mark}&sort=name&order=desc&type=all")
    page = viewer.get(f"/watch/{letters['c']['id']}?in={view}").text
    assert f'/watch/{letters["b"]["id"]}?in={view}' in page
    assert f'/watch/{letters["e"]["id"]}' in viewer.get(f"/watch/{letters['c']['id']}").text
    assert viewer.get(f"/watch/{letters['c']['id']}?in=sort%3Dcolour").status_code == 200  # no view any more

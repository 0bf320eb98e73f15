"""How far one has watched, through Nginx: the same on every device, nobody else's, and gone with what it is about."""

from __future__ import annotations

import secrets

import pytest

from tests.e2e.people import PASSWORD, add_user, wait_until


@pytest.fixture(scope="module")
def una(stack) -> str:
    return add_user(stack)


@pytest.fixture
def borrowed(stack, film):
    """A media of the test's own with what is known of the film: nothing needs to be encoded for it."""
    return stack.query(
        f"""INSERT INTO media (name, kind, mime, size_bytes, source, state, duration)
            SELECT 'borrowed-{secrets.token_hex(4)}', kind, mime, size_bytes, source, state, 600
            FROM media WHERE id = '{film["id"]}' RETURNING id"""
    ).split()[0]


def put(client, media: str, seconds: float, **more) -> dict:
    answer = client.put(f"/api/media/{media}/position", json={"seconds": seconds, "duration": 600, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def continued(client) -> list[str]:
    return [one["id"] for one in client.get("/api/media/continue?limit=50").json()["data"]]


def test_it_goes_on_on_the_other_device_and_for_nobody_else(stack, una, borrowed):
    phone, laptop, somebody = stack.session(una, PASSWORD), stack.session(una, PASSWORD), stack.session()
    url = f"/api/media/{borrowed}/position"
    assert phone.get(url).json() == {"seconds": 0, "duration": None, "finished": False, "updated_at": None}
    put(phone, borrowed, 123.4567)
    wait_until(lambda: laptop.get(url).json()["seconds"] == 123.457)  # whichever worker answers
    wait_until(lambda: continued(laptop)[:1] == [borrowed])
    (listed,) = (one for one in laptop.get("/api/media/continue").json()["data"] if one["id"] == borrowed)
    assert listed["position"]["duration"] == 600 and listed["name"].startswith("borrowed-")
    assert somebody.get(url).json()["seconds"] == 0 and borrowed not in continued(somebody)


def test_watched_unwatched_and_taken_off_the_list(stack, una, borrowed):
    client = stack.session(una, PASSWORD)
    assert put(client, borrowed, 580)["finished"] and put(client, borrowed, 20, finished=True)["finished"]
    assert not put(client, borrowed, 20)["finished"]
    wait_until(lambda: borrowed in continued(client))
    assert client.delete(f"/api/media/{borrowed}/position").status_code == 204
    assert borrowed not in continued(client)
    assert client.get(f"/api/media/{borrowed}/position").json()["seconds"] == 0


def test_what_one_may_not_see_any_more_is_neither_listed_nor_told(stack, una, borrowed):
    client, url = stack.session(una, PASSWORD), f"/api/media/{borrowed}/position"
    put(client, borrowed, 100)
    wait_until(lambda: borrowed in continued(client))
    stack.sluice("media", "set", borrowed, "--visibility", "private")
    wait_until(lambda: borrowed not in continued(client))
    wait_until(lambda: client.get(url).status_code == 404)
    assert client.put(url, json={"seconds": 5}).status_code == 404


@pytest.mark.parametrize("body", [{}, {"seconds": -1}, {"seconds": "NaN"}, {"seconds": 1e9}, {"seconds": [1]}])
def test_what_is_no_position_is_refused(stack, una, borrowed, body):
    answer = stack.session(una, PASSWORD).put(f"/api/media/{borrowed}/position", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "FILE_001")

"""Who is watching what now, and the limit of it: by API, and in two browsers of one user."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e import browser as chrome
from tests.e2e.conftest import make
from tests.e2e.hls import rungs, segments
from tests.e2e.people import PASSWORD, add_user, wait_until


class Device:
    """One sign-in of a user, which asks for keys as a player does."""

    def __init__(self, stack, name: str, media: dict):
        self.stack, self.media = stack, media
        self.client = stack.session(name, PASSWORD)

    def open(self, query: str = "") -> str:
        """The address of the film's first key, by a new grant or the one there is."""
        url = f"{self.stack.url}/api/media/stream/{self.media['id']}{query}"
        answer = self.client.get(url)
        return segments(self.client, next(iter(rungs(self.client, answer.url, answer.text).values())))[0].key_url

    def key(self, url: str | None = None, client=None) -> str:
        """ "key", or the code of the refusal."""
        answer = (client or self.client).get(url or self.open())
        return "key" if answer.status_code == 200 else answer.json()["error"]["code"]

    def streams(self) -> list[dict]:
        return self.client.get("/api/streams").json()["data"]

    def end(self) -> None:
        self.client.post(f"/api/streams/{self.media['id']}/end").raise_for_status()


@pytest.fixture
def limited(stack) -> str:
    """A user who may watch one stream at a time."""
    name = add_user(stack)
    stack.query(f"UPDATE users SET max_streams = 1 WHERE username = '{name}'")
    return name


def test_the_second_device_is_told_of_the_first_and_takes_over(stack, film, limited):
    first, second = Device(stack, limited, film), Device(stack, limited, film)
    playing = first.open()
    assert first.key(playing) == first.key(playing) == "key"
    answer = second.client.get(second.open())
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "LIMIT_007")
    assert "python-requests plays 'film.mp4'" in answer.json()["error"]["details"]
    (stream,) = second.streams()
    assert (stream["name"], stream["is_current"], stream["portable"]) == ("film.mp4", False, False)
    assert first.streams()[0]["is_current"]
    second.client.post(f"/api/streams/{stream['id']}/take-over").raise_for_status()
    assert second.key() == "key"
    answer = first.client.get(playing)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "LIMIT_008")
    assert answer.json()["error"]["details"] == "Taken over by python-requests."
    assert first.key() == "LIMIT_007"  # a new grant: it is the other's turn now
    assert first.client.post(f"/api/streams/{stream['id']}/take-over").status_code == 404  # it is over


def test_a_closed_player_makes_room_at_once_and_so_does_a_device_that_was_ended(stack, film, limited):
    first, second = Device(stack, limited, film), Device(stack, limited, film)
    assert (first.key(), second.key()) == ("key", "LIMIT_007")
    first.end()
    assert (second.key(), first.key()) == ("key", "LIMIT_007")
    first.client.delete("/api/sessions").raise_for_status()  # all others
    assert first.key() == "key"


def test_nobody_ends_or_takes_over_what_is_somebody_elses(stack, film, limited):
    first, stranger = Device(stack, limited, film), Device(stack, add_user(stack), film)
    playing = first.open()
    first.key(playing)
    stream = first.streams()[0]["id"]
    assert stranger.streams() == []
    assert stranger.client.post(f"/api/streams/{stream}/take-over").status_code == 404
    stranger.client.post(f"/api/streams/{stream}/end")
    assert stranger.client.post(f"/api/admin/streams/{stream}/end").status_code == 403
    assert first.key(playing) == "key" and first.streams()[0]["id"] == stream


def test_a_portable_player_counts_a_picture_and_a_shares_visitor_do_not(stack, film, photo, limited):
    first = Device(stack, limited, film)
    visitor = stack.session(None)
    share = first.client.post("/api/shares", json={"media_ids": [film["id"]], "rights": ["view"]}).json()
    visitor.get(f"/s/{share['code']}").raise_for_status()
    answer = visitor.get(f"/s/{share['code']}/stream/{film['id']}")
    url = segments(visitor, next(iter(rungs(visitor, answer.url, answer.text).values())))[0].key_url
    assert first.key(url, visitor) == "key"
    seen = first.client.get(f"/api/media/stream/{photo['id']}")
    assert first.key(seen.headers["X-Sluice-Key-Url"]) == "key"
    assert first.streams() == []
    assert first.key(first.open("?portable=true"), stack.session(None)) == "key"
    assert [stream["device_type"] for stream in first.streams()] == ["player"]
    assert first.key() == "LIMIT_007"
    admin = stack.session()
    wait_until(lambda: share["id"] in [one["share_id"] for one in admin.get("/api/admin/streams").json()["data"]])


def test_an_administrator_sees_everybody_and_ends_one(stack, film):
    watching, admin = Device(stack, add_user(stack), film), stack.session()
    playing = watching.open()
    assert watching.key(playing) == "key"
    wait_until(lambda: watching.streams(), what="the lease was not written behind")
    stream = watching.streams()[0]["id"]
    (seen,) = [one for one in admin.get("/api/admin/streams").json()["data"] if one["id"] == stream]
    assert seen["rung"] in playing and seen["share_id"] is None
    admin.post(f"/api/admin/streams/{stream}/end").raise_for_status()
    assert watching.key(playing) == "LIMIT_008" and watching.streams() == []
    wait_until(lambda: stack.query(f"SELECT count(*) FROM audit WHERE event = 'stream_ended' AND details ->> 'stream' = '{stream}'") == "1")


def test_the_command_sets_a_users_limit_and_it_counts_at_once(stack, film):
    name = add_user(stack)
    first, second = Device(stack, name, film), Device(stack, name, film)
    assert (first.key(), second.key()) == ("key", "key")
    wait_until(lambda: len(first.streams()) == 2, what="the leases were not written behind")
    second.end()
    assert len(first.streams()) == 1
    stack.sluice("user", "streams", name, "1")
    wait_until(lambda: second.key() == "LIMIT_007")
    stack.sluice("user", "streams", name, "default")
    wait_until(lambda: second.key() == "key")


# --- in browsers ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_film(stack, tmp_path_factory) -> dict:
    """Longer than any player reads ahead: whoever is stopped has keys left to ask for."""
    file = make(
        tmp_path_factory.mktemp("media") / "long.mp4", "-f", "lavfi", "-i", "color=c=0x223344:size=128x72:rate=2:duration=1500",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-pix_fmt", "yuv420p",
    )  # fmt: skip
    return stack.wait_for_media(stack.drop(file, "A long film.mp4"))


def watch(context, name: str, film: dict):
    """A page of a new device of `name` at the film's page."""
    page = context.new_page()
    page.ear = chrome.Ear(page)
    page.request.post("/api/auth/login", data={"username": name, "password": PASSWORD})
    page.goto(f"/watch/{film['id']}")
    return page


PLAYS = "(video => video.play() && video.readyState >= 2)(document.querySelector('video'))"
FAR_ON = "document.querySelector('video').currentTime = 1400"


def test_two_browsers_of_one_user_take_turns_and_a_kill_stops_the_film(stack, browser, long_film, limited):
    contexts = [chrome.context(browser, stack.url) for _ in range(2)]
    first = watch(contexts[0], limited, long_film)
    chrome.until(first, PLAYS)
    second = watch(contexts[1], limited, long_film)
    second.locator(".player-centre").click()
    panel = second.locator(".take-over")
    expect(panel.get_by_role("heading")).to_have_text("You are watching on 1 other device")
    expect(panel.get_by_role("listitem")).to_contain_text("Chrome on Linux")
    second.set_viewport_size(chrome.PHONE)
    assert second.evaluate("document.documentElement.scrollWidth") <= chrome.PHONE["width"]
    second.set_viewport_size(chrome.DESKTOP)
    panel.get_by_role("button", name=re.compile("^Watch here instead of on Chrome")).click()
    chrome.until(second, PLAYS)
    expect(panel).to_have_count(0)
    first.evaluate(FAR_ON)
    expect(first.locator(".problem")).to_contain_text("Taken over by Chrome on Linux.")

    stack.session().delete(f"/api/sessions/{session_of(stack, second)}").raise_for_status()
    second.evaluate(FAR_ON)
    expect(second.locator(".problem")).to_contain_text("You have been signed out")
    for page in (first, second):
        page.ear.expected += ["409", "401"]
        assert not page.ear.complaints()
    for context in contexts:
        context.close()


def session_of(stack, page) -> str:
    sessions = page.request.get("/api/sessions").json()["sessions"]
    return next(session["id"] for session in sessions if session["is_current"])

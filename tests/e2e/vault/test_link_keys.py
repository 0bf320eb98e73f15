"""A new key for links: nothing that was handed out a moment ago ends, and a key that is retired opens nothing (S09)."""

from __future__ import annotations

import json

import pytest

from tests.e2e.people import wait_until


@pytest.fixture
def song(stack):
    stack.place(b"la la la" * 100, stack.data / "shelf" / "rotating.mp3")
    return stack.wait_for_media("rotating.mp3")


def rotate(stack) -> dict:
    return json.loads(stack.sluice("link", "rotate-key", "--json"))


def link(client, media) -> str:
    return client.post("/api/links", json={"media_id": media["id"], "kind": "d"}).json()["url"]


def key_id(url: str) -> str:
    return url.split("/d/")[1].split("/")[0]


def test_S09_a_rotation_keeps_the_links_of_the_key_before_it_and_ends_those_of_older_ones(stack, film, song):
    client, stranger = stack.session(), stack.session(None)
    first = link(client, song)
    prefix = client.get(f"/api/media/stream/{film['id']}").text
    playlist = next(line for line in prefix.splitlines() if line.startswith("/hls/"))
    rotated = rotate(stack)
    assert (rotated["nginx"], rotated["retired"]) == ("reloaded", [])
    wait_until(lambda: key_id(link(client, song)) == rotated["key_id"], what="control signs by the old key")
    second = link(client, song)
    for url in (first, second, playlist, playlist.replace("index.m3u8", "key/0")):
        assert client.get(url).status_code == 200, url
    assert rotate(stack)["retired"] == [key_id(first)]
    wait_until(lambda: stranger.get(first).status_code == 403, what="a retired key is still accepted")
    wait_until(lambda: client.get(playlist).status_code == 403, what="a prefix of a retired key is still accepted")
    assert stranger.get(second).status_code == 200
    assert client.get(f"/api/media/stream/{film['id']}").status_code == 200


def test_a_link_is_never_minted_by_a_key_that_nginx_does_not_know(stack, song):
    client, stranger = stack.session(), stack.session(None)
    for _ in range(3):
        rotate(stack)
        assert {stranger.get(link(client, song)).status_code for _ in range(10)} == {200}

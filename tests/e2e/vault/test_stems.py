"""Programs that sign /stream/{name without its ending} already go on: same recipe, same secret, same file."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest

SECRET = b"a secret that other programs know"


@pytest.fixture(scope="module")
def tracks(stack):
    for name in ("track1.mp3", "track1-live.mp3", "Track2.mp3", "twice.mp3", "twice.ogg"):
        stack.place(name.encode() * 100, stack.data / "shelf" / name)
    for name in ("track1.mp3", "track1-live.mp3", "Track2.mp3", "twice.mp3", "twice.ogg"):
        stack.wait_for_media(name)


def signed(stem: str, secret: bytes = SECRET) -> str:
    expires = int(time.time()) + 60
    signature = hmac.new(secret, f"{stem}|{expires}".encode(), hashlib.sha256).hexdigest()
    return f"/stream/{stem}?expires={expires}&sig={signature}"


def test_a_name_without_its_ending_is_the_file(stack, tracks):
    stranger = stack.session(None)
    whole = stranger.get(signed("track1"))
    assert (whole.status_code, whole.content) == (200, b"track1.mp3" * 100) and whole.headers[
        "Accept-Ranges"
    ] == "bytes"
    part = stranger.get(signed("track1"), headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content, part.headers["Content-Range"]) == (206, b"track1.mp3", "bytes 10-19/1000")
    assert stranger.get(signed("Track2")).content == b"Track2.mp3" * 100


@pytest.mark.parametrize("stem", ["track", "track2", "track1.mp3", "track1-", "no-such"])
def test_another_name_is_another_file(stack, tracks, stem):
    assert stack.session(None).get(signed(stem)).status_code == 404


def test_several_files_of_one_name_are_not_guessed(stack, tracks):
    answer = stack.session(None).get(signed("twice"))
    assert answer.status_code == 400 and "Several files" in answer.json()["error"]["details"]


def test_S07_the_signature_is_of_this_name_and_this_secret(stack, tracks):
    stranger = stack.session(None)
    assert stranger.get(signed("track1", b"another")).status_code == 403
    assert stranger.get(signed("track1").replace("/track1?", "/Track2?")).status_code == 403


def test_a_file_on_a_mount_without_streaming_has_no_such_name(stack, tracks):
    stack.place(b"\xff\xd8\xff no photo", stack.data / "drive" / "hidden.jpg")
    stack.wait_for_media("hidden.jpg")
    assert stack.session(None).get(signed("hidden")).status_code == 404

"""A mount with renditions: encrypted and adaptive ones beside files that nobody touches; Windows paths name them."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import make
from tests.e2e.hls import decoded
from tests.e2e.people import wait_until

SUBTITLES = b"1\n00:00:01,000 --> 00:00:02,000\nGuten Tag\n"


@pytest.fixture(scope="module")
def mounted(stack, film_file):
    """A film with subtitles beside it, on the drive, its renditions made."""
    films = stack.data / "drive" / "Films"
    films.mkdir()
    stack.place(SUBTITLES, films / "Holiday.de.srt")
    stack.place(film_file.read_bytes(), films / "Holiday.mp4")
    wait_until(lambda: (stack.media("Holiday.mp4") or {}).get("rungs"), 180)
    wait_until(lambda: stack.media("Holiday.mp4")["state"] == "completed", 180)
    return stack.media("Holiday.mp4")


def test_the_file_stays_and_the_film_is_played_from_the_vault(stack, mounted, film_file):
    assert (stack.data / "drive/Films/Holiday.mp4").read_bytes() == film_file.read_bytes()
    assert {"360p", "480p", "source"} <= set(mounted["rungs"]) and mounted["tracks"] == ["text0"]
    client = stack.session()
    facts = client.get(f"/api/media/{mounted['id']}").json()
    assert (facts["delivery"], facts["tracks"][0]["name"]) == ("hls", "Deutsch")
    portable = client.get(f"/api/media/stream/{mounted['id']}?portable=true", headers={"Accept": "application/json"})
    frames, _ = decoded(portable.json()["url"], stack.data / "tls/certificate.pem")
    assert frames == 240
    assert client.get(facts["original_url"]).content == film_file.read_bytes()


def test_only_the_types_of_the_mount_are_taken(stack, mounted):
    stack.place(b"la la la", stack.data / "drive" / "song.mp3")
    stack.place(b"\xff\xd8\xff nothing more", stack.data / "drive" / "photo.jpg")
    wait_until(lambda: (stack.media("photo.jpg") or {}).get("error"))
    assert stack.media("song.mp3") is None


def test_a_mounted_file_without_renditions_is_still_there(stack, mounted):
    wait_until(lambda: (stack.media("photo.jpg") or {}).get("error"))
    photo = stack.media("photo.jpg")
    assert photo["state"] == "completed" and photo["error_code"] == "MEDIA_004"
    assert stack.session().get(f"/api/media/{photo['id']}/original").content.startswith(b"\xff\xd8\xff")


def test_a_file_that_has_changed_is_made_anew(stack, tmp_path):
    one = make(tmp_path / "a.png", "-f", "lavfi", "-i", "color=red:size=64x64", "-frames:v", "1")
    two = make(tmp_path / "b.png", "-f", "lavfi", "-i", "color=blue:size=96x64", "-frames:v", "1")
    stack.place(one.read_bytes(), stack.data / "drive" / "changing.png")
    wait_until(lambda: (stack.media("changing.png") or {}).get("width") == 64)
    stack.place(two.read_bytes(), stack.data / "drive" / "changing.png")
    wait_until(lambda: stack.media("changing.png")["width"] == 96, what="the new picture was not taken")


@pytest.mark.parametrize("path", ["N:\\Films\\Films\\Holiday.mp4", "n:/films/FILMS/holiday.MP4"])
def test_a_windows_path_names_the_same_media(stack, mounted, path):
    found = stack.session().get("/api/media/at", params={"path": path})
    assert found.json()["id"] == mounted["id"]
    assert mounted["id"] in stack.sluice("media", "show", path)


@pytest.mark.parametrize("path", ["N:\\Films\\..\\keys\\master.key", "C:\\Films\\Holiday.mp4", "N:\\Films\\no.mp4"])
def test_U03_a_windows_path_elsewhere_is_nothing(stack, mounted, path):
    answer = stack.session().get("/api/media/at", params={"path": path})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "MEDIA_001")


def test_the_scan_tells_how_far_it_has_come(stack, mounted):
    assert "files" in stack.sluice("mount", "list")

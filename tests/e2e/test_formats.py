"""Languages, subtitles, songs and documents, through the real Nginx: gated and encrypted like the film itself."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest
from PIL import Image

from tests.e2e import hls
from tests.e2e.conftest import make
from tests.e2e.people import wait_until

TEXT = "1\n00:00:01,000 --> 00:00:03,000\n{}\n"


@pytest.fixture(scope="module")
def languages(stack, tmp_path_factory):
    """Two languages, one of them in surround, subtitles inside and beside."""
    folder = tmp_path_factory.mktemp("media")
    (folder / "in.srt").write_text(TEXT.format("canary-inside"))
    file = make(
        folder / "languages.mkv", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=12", "-f", "lavfi", "-i",
        "sine=440:duration=12", "-f", "lavfi", "-i", "sine=880:duration=12", "-i", str(folder / "in.srt"), "-map", "0",
        "-map", "1", "-map", "2", "-map", "3", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
        "-c:a:0", "ac3", "-ac:a:0", "6", "-c:a:1", "aac", "-metadata:s:a:0", "language=eng", "-metadata:s:a:1",
        "language=ger", "-metadata:s:s:0", "language=eng",
    )  # fmt: skip
    stack.place(TEXT.format("canary-beside").encode(), stack.data / "imports" / "languages.fr.srt")
    stack.wait_for_media(stack.drop(file))
    wait_until(lambda: "text1" in stack.media("languages.mkv")["tracks"], what="the text beside it was not taken up")
    return stack.media("languages.mkv")


def tracks(client, stack, media) -> dict[str, str]:
    """Track -> address of its playlist."""
    url = f"{stack.url}/api/media/stream/{media['id']}"
    found = re.findall(r'URI="([^"]+/(\w+)/index\.m3u8)"', client.get(url).text)
    return {name: urljoin(url, address) for address, name in found}


def test_every_track_is_in_the_playlist_under_its_name(stack, languages):
    client = stack.session()
    assert set(tracks(client, stack, languages)) == {"audio0", "surround0", "audio1", "text0", "text1"}
    text = client.get(f"/api/media/stream/{languages['id']}").text
    for name in ("English", "English (5.1)", "Deutsch", "français"):
        assert f'NAME="{name}"' in text
    assert text.count('AUDIO="sound",SUBTITLES="text"') == len(languages["rungs"])
    facts = client.get(f"/api/media/{languages['id']}").json()
    assert [track["language"] for track in facts["tracks"]] == ["en", "en", "de", "en", "fr"]


@pytest.mark.parametrize("track", ["audio1", "text0", "text1"])
def test_a_track_is_ciphertext_whose_key_needs_a_yes(stack, languages, track):
    client, stranger = stack.session(), stack.session(None)
    segment = hls.segments(client, tracks(client, stack, languages)[track])[0]
    sealed = stranger.get(segment.url)
    assert sealed.status_code == 200 and b"canary" not in sealed.content
    assert client.get(segment.key_url).status_code == 200
    assert stranger.get(segment.key_url).status_code == 401
    assert stack.session().get(segment.key_url).status_code == 403, "another session's"


def test_subtitles_are_what_was_written(stack, languages):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    client = stack.session()
    for track, expected in (("text0", b"canary-inside"), ("text1", b"canary-beside")):
        segment = hls.segments(client, tracks(client, stack, languages)[track])[0]
        cipher = Cipher(algorithms.AES(client.get(segment.key_url).content), modes.CBC(segment.iv)).decryptor()
        assert expected in cipher.update(client.get(segment.url).content) + cipher.finalize()


def test_a_player_without_cookies_decodes_every_track(stack, languages):
    answer = stack.session().get(
        f"/api/media/stream/{languages['id']}?portable=true", headers={"Accept": "application/json"}
    )
    master = answer.json()["url"]
    for track in ("audio0", "surround0", "audio1"):
        url = master.replace("master.m3u8", f"{track}/index.m3u8")
        _, seconds = hls.decoded(url, stack.data / "tls/certificate.pem", "a:0")
        assert seconds == pytest.approx(12, abs=0.3)


def test_the_storyboard_says_which_frame_is_when(stack, languages):
    client = stack.session()
    text = client.get(f"/api/media/{languages['id']}/storyboard").text
    found = re.findall(r"(\S+) --> (\S+)\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)", text)
    assert found[1][:2] == ("00:00:02.000", "00:00:04.000") and found[-1][1].startswith("00:00:12")
    sheet = client.get(found[0][2])
    assert sheet.headers["Content-Type"] == "image/webp" and sheet.content[8:12] == b"WEBP"
    assert stack.session(None).get(found[0][2]).status_code == 401
    assert stack.session(None).get(f"/api/media/{languages['id']}/storyboard").status_code == 401


# --- songs --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def song(stack, tmp_path_factory):
    folder = tmp_path_factory.mktemp("media")
    Image.new("RGB", (500, 500), "teal").save(folder / "cover.jpg")
    file = make(
        folder / "song.flac", "-f", "lavfi", "-i", "sine=duration=15", "-i", str(folder / "cover.jpg"), "-map", "0",
        "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic", "-metadata", "artist=Somebody",
    )  # fmt: skip
    return {**stack.wait_for_media(stack.drop(file)), "bytes": file.read_bytes()}


def test_a_song_is_its_gapless_file_and_encrypted_hls_where_asked_for(stack, song):
    client = stack.session()
    facts = client.get(f"/api/media/{song['id']}").json()
    assert (facts["delivery"], facts["details"]["tags"]["artist"]) == ("file", "Somebody")
    assert client.get(facts["stream_url"]).content == song["bytes"]
    playlist = client.get(facts["stream_url"] + "?hls=true")
    assert "audio/index.m3u8" in playlist.text and 'CODECS="mp4a.40.2"' in playlist.text
    portable = client.get(facts["stream_url"] + "?portable=true", headers={"Accept": "application/json"}).json()["url"]
    _, seconds = hls.decoded(portable, stack.data / "tls/certificate.pem", "a:0")
    assert seconds == pytest.approx(15, abs=0.3)


def test_a_songs_pictures_are_gated(stack, song):
    client = stack.session()
    facts = client.get(f"/api/media/{song['id']}").json()
    for picture in (facts["thumbnail_url"], facts["still_url"], facts["waveform_url"]):
        assert client.get(picture).content[8:12] == b"WEBP"
        assert stack.session(None).get(picture).status_code == 401


# --- documents ----------------------------------------------------------------------------------------


def test_a_document_is_downloaded_and_has_a_picture_of_its_first_page(stack, tmp_path):
    page = Image.new("RGB", (600, 800), "white")
    page.save(tmp_path / "paper.pdf", save_all=True, append_images=[page, page])
    media = stack.wait_for_media(stack.drop(tmp_path / "paper.pdf"))
    client = stack.session()
    facts = client.get(f"/api/media/{media['id']}").json()
    assert (facts["type"], facts["delivery"], facts["details"]["pages"]) == ("document", "file", 3)
    assert client.get(facts["thumbnail_url"]).content[8:12] == b"WEBP"
    answer = client.get(facts["original_url"])
    assert (
        answer.content == (tmp_path / "paper.pdf").read_bytes()
        and "sandbox" in answer.headers["Content-Security-Policy"]
    )


def test_a_photo_keeps_its_day_and_loses_its_place(stack, tmp_path):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
    exif.get_ifd(0x8825)[1] = "N"
    Image.new("RGB", (300, 200), "red").save(tmp_path / "day.jpg", exif=exif)
    media = stack.wait_for_media(stack.drop(tmp_path / "day.jpg"))
    details = stack.session().get(f"/api/media/{media['id']}").json()["details"]
    assert details["taken_at"] == "2024-05-06T07:08:09" and "gps" not in str(details).lower()

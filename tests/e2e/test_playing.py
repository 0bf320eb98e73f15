"""From imports/ to decoded frames: encrypted, adaptive, keys only to whom they were granted."""

from __future__ import annotations

import itertools
import subprocess

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.e2e.conftest import FILM_RATE, FILM_SECONDS
from tests.e2e.hls import decoded, rungs, segments
from tests.e2e.people import wait_until

FRAMES = FILM_RATE * FILM_SECONDS


@pytest.fixture(scope="module")
def viewer(stack):
    return stack.session()


@pytest.fixture(scope="module")
def playing(stack, film, viewer):
    """Rung -> playlist URL of the film, opened by `viewer`."""
    url = f"{stack.url}/api/media/stream/{film['id']}"
    answer = viewer.get(url)
    assert answer.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    return rungs(viewer, url, answer.text)


def test_the_ladder_never_rises_above_the_source(playing):
    assert set(playing) == {"source", "480p", "360p"}  # the source is 540 lines high


def test_every_rung_decodes_to_the_frames_of_the_source(stack, film, viewer):
    """Through a portable grant, as VLC or a TV would: no cookie, one address."""
    answer = viewer.get(f"/api/media/stream/{film['id']}?portable=true", headers={"Accept": "application/json"})
    master_url = answer.json()["url"]
    stranger = stack.session(None)
    for name, url in rungs(stranger, master_url, stranger.get(master_url).text).items():
        assert decoded(url, None)[0] == FRAMES, name
    assert decoded(master_url, None)[0] == FRAMES


def test_a_portable_address_is_where_a_player_is_sent(stack, film, viewer):
    answer = viewer.get(f"/api/media/stream/{film['id']}?portable=true", allow_redirects=False)
    assert answer.status_code == 303 and answer.headers["Location"].endswith("/master.m3u8")


def test_a_segment_opens_with_its_key_and_iv_alone(viewer, playing):
    segment = segments(viewer, playing["360p"])[0]
    ciphertext, key = viewer.get(segment.url).content, viewer.get(segment.key_url).content
    assert len(key) == 16 and len(ciphertext) % 16 == 0

    def packet_start(key, iv):
        return Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor().update(ciphertext[:16])[:1]

    assert packet_start(key, segment.iv) == b"\x47"  # an MPEG-TS packet
    assert ciphertext[:1] != b"\x47" or ciphertext[188:189] != b"\x47"
    assert packet_start(bytes(16), segment.iv) != b"\x47"


def test_a_segment_without_its_key_does_not_decode(viewer, playing, tmp_path):
    file = tmp_path / "segment.ts"
    file.write_bytes(viewer.get(segments(viewer, playing["360p"])[0].url).content)
    outcome = subprocess.run(["ffprobe", "-v", "error", "-show_streams", file], capture_output=True, text=True)
    assert "codec_name=h264" not in outcome.stdout


def test_P13_no_two_segments_share_key_and_iv(viewer, playing):
    seen = set()
    for url in playing.values():
        for segment in segments(viewer, url):
            pair = (viewer.get(segment.key_url).content, segment.iv)
            assert pair not in seen
            seen.add(pair)


def test_S06_a_key_is_for_the_session_of_its_grant_alone(stack, viewer, playing):
    url = segments(viewer, playing["360p"])[0].key_url
    ours = viewer.get(url)
    assert ours.status_code == 200 and ours.headers["Cache-Control"] == "no-store"
    stranger, other_session = stack.session(None), stack.session()
    for client, status, code in ((stranger, 401, "AUTH_005"), (other_session, 403, "AUTH_007")):
        answer = client.get(url)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_S06_playlists_and_segments_are_ciphertext_or_harmless(stack, playing):
    """A leaked prefix gives a stranger what is useless without a key."""
    stranger = stack.session(None)
    playlist = stranger.get(playing["360p"])
    assert playlist.status_code == 200 and "key/0" in playlist.text and "AES-128" in playlist.text
    assert stranger.get(segments(stranger, playing["360p"])[0].url).headers["Content-Type"] == "video/mp2t"


def test_after_logging_out_the_key_says_no_at_once(stack, film):
    client = stack.session()
    url = f"{stack.url}/api/media/stream/{film['id']}"
    key = segments(client, rungs(client, url, client.get(url).text)["360p"])[0].key_url
    token = client.cookies["__Host-sluice"]
    assert client.get(key).status_code == 200
    client.post("/api/auth/logout", json={})
    answer = stack.session(None).get(key, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_a_portable_grant_ends_with_its_session(stack, film):
    client = stack.session()
    answer = client.get(f"/api/media/stream/{film['id']}?portable=true", headers={"Accept": "application/json"})
    stranger, master_url = stack.session(None), answer.json()["url"]
    key = segments(stranger, rungs(stranger, master_url, stranger.get(master_url).text)["360p"])[0].key_url
    assert stranger.get(key).status_code == 200
    client.post("/api/auth/logout", json={})
    assert stranger.get(key).status_code == 401


def test_every_key_request_is_in_the_audit_trail(stack, viewer, playing):
    segment = segments(viewer, playing["480p"])[0]
    before = audited(stack, "key")
    viewer.get(segment.key_url)
    stack.session(None).get(segment.key_url)
    wait_until(lambda: audited(stack, "key") > before and audited(stack, "key_refused"))


def audited(stack, event):
    return int(stack.query(f"SELECT count(*) FROM audit WHERE event = '{event}'"))


def test_two_minutes_cost_one_request_and_one_key_per_rung_and_minute(stack, viewer, playing):
    """Counted in Nginx's own log of what reached control: playlists and segments never do."""
    client = stack.session()
    film_id = playing["360p"].split("/")[8]
    client.headers["User-Agent"] = "two minutes"
    url = f"{stack.url}/api/media/stream/{film_id}"
    for playlist in rungs(client, url, client.get(url).text).values():
        found = segments(client, playlist)
        for segment in found:
            assert client.get(segment.url).status_code == 200
        for key in {segment.key_url for segment in found}:
            assert client.get(key).status_code == 200
    client.get("/api/auth/me")  # on the same connection: once it is in the log, so is all before it

    def reached_control(line: dict) -> bool:
        return line["agent"] == "two minutes" and line["control"]

    *asked, _ = stack.wait_for_deliveries(0, reached_control, len(playing) + 2)
    kinds = sorted(line["uri"].rsplit("/", 2)[-2] for line in asked)
    assert kinds == ["key"] * len(playing) + ["stream"]  # 16 s are one key period


def test_nothing_plain_stays_on_disk(stack, film, photo, film_file):
    """Neither MPEG-TS, nor MP4, nor WebP where Sluice keeps what it was given to make something of."""
    plain, places = [], (stack.data / name for name in ("archive", "imports", "spool", "vault", "work"))
    for path in itertools.chain.from_iterable(place.rglob("*") for place in places):
        if path.is_file():
            head = path.read_bytes()[:400]
            ts = len(head) > 188 and head[0] == head[188] == 0x47
            if ts or head[4:8] == b"ftyp" or head[8:12] == b"WEBP" or head[:3] == b"\xff\xd8\xff":
                plain.append(path)
    assert not plain
    assert not list((stack.data / "imports").iterdir())
    assert list((stack.data / "archive").rglob(f"{film['id']}.enc"))


def test_a_photo_is_decrypted_with_the_key_it_names(stack, photo, viewer):
    answer = viewer.get(f"/api/media/stream/{photo['id']}")
    assert (answer.headers["X-Encrypted"], answer.headers["Content-Type"]) == ("true", "image/webp")
    key = viewer.get(answer.headers["X-Sluice-Key-Url"]).content
    decryptor = Cipher(algorithms.AES(key), modes.CBC(answer.content[:16])).decryptor()
    assert decryptor.update(answer.content[16:48])[8:12] == b"WEBP"
    assert stack.session(None).get(answer.headers["X-Sluice-Key-Url"]).status_code == 401


@pytest.mark.parametrize("kind", ["thumbnail", "preview", "still"])
def test_the_pictures_of_a_film_need_a_yes_each_time(stack, film, viewer, kind):
    url = f"/api/media/{kind}/{film['id']}"
    assert stack.session(None).get(url).status_code == 401
    for _ in range(2):  # cold and from the cache
        answer = viewer.get(url)
        assert answer.status_code == 200 and answer.content[8:12] == b"WEBP"
        assert "private" in answer.headers["Cache-Control"]
    assert stack.session(None).get(url).status_code == 401  # the cache decides nothing
    animated = b"ANMF" in viewer.get(url).content
    assert animated == (kind != "still")

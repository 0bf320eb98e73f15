"""What becomes of an upload: renditions beside its original, an import for the vault, or a failure that keeps it."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import make
from tests.e2e.people import wait_until
from tests.e2e.uploads.clients import Person, code, send, sha256


@pytest.fixture(scope="module")
def short_film(tmp_path_factory):
    return make(
        tmp_path_factory.mktemp("media") / "short.mp4",
        "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3", "-c:v", "libx264", "-preset", "ultrafast",
        "-g", "25", "-pix_fmt", "yuv420p",
    )  # fmt: skip


def state_of(stack, done: dict) -> str:
    return stack.query(f"SELECT state FROM media WHERE id = '{done['media_id']}'")


def test_a_film_gets_renditions_and_keeps_its_original(stack, viewer, short_film):
    done = send(viewer, "upload.mp4", short_film.read_bytes(), folder="Films")
    wait_until(lambda: state_of(stack, done) == "completed", 240)
    item = viewer.get(f"/api/media/{done['media_id']}").json()
    assert (item["type"], item["source"], item["delivery"]) == ("video", "upload", "hls")
    assert viewer.get(item["stream_url"]).text.startswith("#EXTM3U")
    whole = viewer.get(item["original_url"])
    assert sha256(whole.content) == done["sha256"]
    part = viewer.get(item["original_url"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert viewer.get(f"/v1/files/metadata/{done['key']}").json()["crc32"]
    assert viewer.delete(f"/v1/files/{done['key']}").status_code == 204
    assert not list((stack.data / "vault").rglob(done["media_id"]))
    assert not (stack.data / "files" / done["key"]).exists()


def test_an_upload_for_the_vault_is_treated_as_an_import(stack, viewer, short_film):
    done = send(viewer, "sealed.mp4", short_film.read_bytes() + b"\0" * 8, vault=True)
    assert done["key"] == f"media/{done['media_id']}"
    wait_until(lambda: state_of(stack, done) == "completed", 240)
    assert stack.query(f"SELECT original FROM media WHERE id = '{done['media_id']}'") == "archived"
    assert not (stack.data / "files/pending" / done["media_id"]).exists()
    assert viewer.get(f"/api/media/{done['media_id']}/original").status_code == 409
    assert viewer.get(f"/api/media/stream/{done['media_id']}").status_code == 200


def test_what_cannot_be_decoded_fails_and_stays_downloadable(stack, viewer):
    content = b"\x1aE\xdf\xa3" + bytes(5000)  # says that it is Matroska
    done = send(viewer, "damaged.mkv", content)
    wait_until(lambda: state_of(stack, done) == "failed", 120)
    assert viewer.get(f"/api/media/{done['media_id']}/original").content == content
    assert viewer.get(f"/api/media/{done['media_id']}").json()["error"]["code"] == "MEDIA_004"
    again = stack.session().post(f"/api/admin/queue/{done['media_id']}/retry", json={})
    assert again.status_code < 300, again.text
    wait_until(lambda: state_of(stack, done) == "failed", 120)
    assert (stack.data / "files" / done["key"]).read_bytes() == content


def test_only_its_owner_and_administrators_may_know_of_it_and_delete_it(stack, viewer):
    done = send(viewer, "private.mkv", b"\x1aE\xdf\xa3" + bytes(600))
    other = stack.session()
    assert other.get(f"/v1/files/metadata/{done['key']}").status_code == 200
    stranger = Person(stack).client()
    for answer in (stranger.get(f"/v1/files/metadata/{done['key']}"), stranger.delete(f"/v1/files/{done['key']}")):
        assert (answer.status_code, code(answer)) == (404, "MEDIA_001")
    assert other.delete(f"/v1/files/{done['key']}").status_code == 204

"""The trash through the real Nginx: out of everybody's sight by every door, back as it was, or gone for good."""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from urllib.parse import urljoin

import pytest
import requests

from tests.e2e.conftest import make
from tests.e2e.hls import rungs, segments
from tests.e2e.people import wait_until
from tests.e2e.uploads.clients import Person, code, send

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def ann(stack) -> Person:
    return Person(stack)


@pytest.fixture(scope="module")
def owner(ann):
    return ann.client()


@pytest.fixture(scope="module")
def upload(stack, owner, tmp_path_factory) -> dict:
    """A film with everything that a media can have: a plain original, renditions, pictures."""
    file = make(
        tmp_path_factory.mktemp("media") / "short.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=3",
        "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-pix_fmt", "yuv420p",
    )  # fmt: skip
    done = send(owner, f"trashed-{secrets.token_hex(4)}.mp4", file.read_bytes(), visibility="library")
    wait_until(lambda: stack.query(f"SELECT state FROM media WHERE id = '{done['media_id']}'") == "completed")
    return owner.get(f"/api/media/{done['media_id']}").json() | {"key": done["key"]}


class Doors:
    """Every way to a media, opened before it is deleted; :meth:`open` says which ones let somebody in."""

    def __init__(self, stack, owner, other, media: dict):
        self.owner, self.other, self.stranger, self.media = owner, other, stack.session(None), media
        master = urljoin(stack.url, media["stream_url"])
        playlist = next(iter(rungs(owner, master, owner.get(master).text).values()))
        portable = owner.get(f"{master}?portable=true", headers={"Accept": "application/json"}).json()["url"]
        alone = next(iter(rungs(self.stranger, portable, self.stranger.get(portable).text).values()))
        links = {kind: self._link(kind) for kind in ("d", "stream", "get")}
        share = owner.post("/api/shares", json={"media_ids": [media["id"]], "rights": ["view", "download"]}).json()
        archive = owner.post("/v1/files/batch-download", json={"media_ids": [media["id"]]}).json()["url"]
        api = f"/api/media/{media['id']}"
        self.gets = {
            "its page": (other, f"/watch/{media['id']}"), "its facts": (other, api), "its stream": (other, master),
            "the key of a running film": (owner, segments(owner, playlist)[0].key_url),
            "the key of a player on its own": (self.stranger, segments(self.stranger, alone)[0].key_url),
            "its original": (owner, media["original_url"]), "its picture": (owner, media["still_url"]),
            "its moving picture": (owner, media["thumbnail_url"]), "its storyboard": (owner, f"{api}/storyboard"),
            "the upload service": (owner, f"/v1/files/metadata/{media['key']}"),
            "a share's file": (self.stranger, f"/s/{share['code']}/file/{media['id']}"),
            "a share's film": (self.stranger, f"/s/{share['code']}/stream/{media['id']}"),
            "a share's picture": (self.stranger, f"/s/{share['code']}/still/{media['id']}"),
            **{f"a link of kind {kind}": (self.stranger, url) for kind, url in links.items()},
        }  # fmt: skip
        self.lists = {
            "the library": (other, "/api/media/library?limit=200"), "the library's page": (other, "/library?limit=200"),
            "the search": (other, f"/api/media/library?query={media['name']}"),
            "the page of a share": (self.stranger, f"/s/{share['code']}"),
        }  # fmt: skip
        self.archive = archive

    def _link(self, kind: str) -> str:
        return self.owner.post("/api/links", json={"media_id": self.media["id"], "kind": kind}).json()["url"]

    def open(self) -> set[str]:
        found = {name for name, (client, url) in self.gets.items() if client.get(url).status_code == 200}
        found |= {name for name, (client, url) in self.lists.items() if self.media["name"] in client.get(url).text}
        found |= {"a new ZIP"} if self._new("/v1/files/batch-download", media_ids=[self.media["id"]]) else set()
        found |= {"a new link"} if self._new("/api/links", media_id=self.media["id"], kind="d") else set()
        found |= {"a new share"} if self._new("/api/shares", media_ids=[self.media["id"]], rights=["view"]) else set()
        return found | ({"a ZIP of before"} if self._zipped() else set())

    def all(self) -> set[str]:
        return {*self.gets, *self.lists, "a new ZIP", "a new link", "a new share", "a ZIP of before"}

    def _new(self, url: str, **body) -> bool:
        return self.owner.post(url, json=body).ok

    def _zipped(self) -> bool:
        try:
            content = self.stranger.get(self.archive).content
            return zipfile.ZipFile(io.BytesIO(content)).testzip() is None
        except (requests.RequestException, zipfile.BadZipFile):
            return False


def test_deleting_closes_every_door_and_restoring_opens_them_again(stack, ann, owner, upload):
    other, admin = Person(stack).client(), stack.session()
    doors, item = Doors(stack, owner, other, upload), f"/api/media/{upload['id']}"
    assert doors.open() == doors.all()
    assert owner.delete(item).status_code == 204
    wait_until(lambda: not doors.open(), what="a door is still open")
    assert code(owner.get(item)) == "MEDIA_001" == code(owner.delete(item)) == code(admin.get(item))

    (trashed,) = owner.get("/api/trash").json()["data"]
    assert (trashed["id"], trashed["owner"], trashed["trashed_by"]) == (upload["id"], ann.name, ann.name)
    assert owner.get(trashed["picture_url"]).headers["Content-Type"] == "image/webp"
    assert trashed["id"] in {one["id"] for one in admin.get("/api/trash?limit=200").json()["data"]}
    for stranger in (other, Person(stack, "editor").client()):
        assert stranger.get("/api/trash").json()["data"] == []
        for answer in (stranger.post(f"{item}/restore"), stranger.delete(f"/api/trash/{upload['id']}"),
                       stranger.get(trashed["picture_url"])):  # fmt: skip
            assert (answer.status_code, code(answer)) == (404, "MEDIA_001")
        assert stranger.delete("/api/trash").json() == {"removed": 0}
    used = owner.get("/v1/files/quota").json()["used"]
    assert used >= upload["metadata"]["size_bytes"]  # what is in the trash takes room

    assert owner.post(f"{item}/restore").json()["id"] == upload["id"]
    wait_until(lambda: doors.open() == doors.all(), what="a door stays closed")
    assert code(owner.post(f"{item}/restore")) == "MEDIA_001"  # it is not in the trash


def test_after_its_days_it_is_gone_for_good(stack, owner):
    """Row, keys and files; until then the administrator sees it."""
    done = send(owner, "forgotten.txt", b"forgotten " * 99)
    owner.delete(f"/api/media/{done['media_id']}").raise_for_status()
    assert list((stack.data / "files").glob(f"{done['key']}*")) == [stack.data / "files" / f"{done['key']}.trashed"]
    stack.query(f"UPDATE media SET trashed_at = now() - interval '31 days' WHERE id = '{done['media_id']}'")
    wait_until(lambda: stack.query(f"SELECT count(*) FROM media WHERE id = '{done['media_id']}'") == "0")
    assert not [path for path in stack.data.glob("*/**/*") if done["media_id"] in path.name]
    assert code(owner.post(f"/api/media/{done['media_id']}/restore")) == "MEDIA_001"


def test_an_import_in_the_trash_is_not_imported_anew_and_the_command_brings_it_back(stack, tmp_path):
    name = f"import-{secrets.token_hex(4)}.png"
    file = make(tmp_path / "photo.png", "-f", "lavfi", "-i", f"color=0x{secrets.token_hex(3)}:size=64x64", "-frames:v", "1")
    media = stack.wait_for_media(stack.drop(file, name))
    assert json.loads(stack.sluice("media", "trash", name, "--json")) == {"done": [media["id"]], "refused": []}
    assert [one["id"] for one in json.loads(stack.sluice("trash", "list", "--json")) if one["name"] == name] == [media["id"]]
    assert stack.query(f"SELECT count(*) FROM media WHERE name = '{name}'") == "1"
    stack.sluice("trash", "restore", name)
    assert stack.session().get(f"/api/media/{media['id']}").json()["state"] == "completed"


def test_a_mounted_file_is_not_deleted_and_the_refusal_says_where_to_do_it(stack, shelved):
    admin = stack.session()
    for answer in (admin.delete(f"/api/media/{shelved['id']}"), admin.delete(f"/v1/files/media/{shelved['id']}")):
        assert (answer.status_code, code(answer)) == (409, "MEDIA_012")
    assert "where it lies" in answer.json()["error"]["details"]
    assert admin.get(shelved_url := f"/api/media/{shelved['id']}").status_code == 200, shelved_url


def batch(client, action: str, *media: str, **change) -> dict:
    answer = client.post("/api/media/batch", json={"action": action, "media_ids": list(media), **change})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_each_of_several_is_decided_by_itself_and_says_why_it_was_left(stack, ann, owner, shelved):
    mine, also_mine = (send(owner, f"{name}.txt", name.encode())["media_id"] for name in ("mine", "also mine"))
    others = stack.session()
    seen = send(others, "seen.txt", b"seen", visibility="library")["media_id"]
    hidden = send(others, "hidden.txt", b"hidden")["media_id"]
    asked = (mine, seen, hidden, also_mine, NOBODY, mine)

    tagged = batch(owner, "tag", *asked, add=["new", "newer"], remove=["none"])
    assert tagged["done"] == [mine, also_mine]
    assert [(one["id"], one["name"], one["code"]) for one in tagged["refused"]] == [
        (seen, "seen.txt", "AUTH_006"), (hidden, "", "MEDIA_001"), (NOBODY, "", "MEDIA_001"),
    ]  # fmt: skip
    assert owner.get(f"/api/media/{mine}").json()["tags"] == ["new", "newer"]
    assert others.get(f"/api/media/{seen}").json()["tags"] == []

    shown = batch(owner, "visibility", *asked, visibility="public")
    assert shown["done"] == [mine, also_mine] and owner.get(f"/api/media/{mine}").json()["visibility"] == "public"
    editor = Person(stack, "editor").client()
    assert batch(editor, "visibility", mine, seen, visibility="library")["done"] == [mine, seen]
    assert batch(editor, "trash", mine)["refused"][0]["code"] == "AUTH_006"

    gone = batch(owner, "trash", *asked)
    assert gone["done"] == [mine, also_mine] and len(gone["refused"]) == 3
    assert batch(editor, "restore", mine)["refused"][0] == {
        "id": mine, "name": "", "code": "MEDIA_001", "reason": gone["refused"][1]["reason"],
    }  # fmt: skip
    assert batch(owner, "restore", *asked)["done"] == [mine, also_mine]
    assert batch(others, "trash", shelved["id"])["refused"][0]["code"] == "MEDIA_012"
    batch(others, "tag", mine, add=[str(number) for number in range(48)])
    assert batch(others, "tag", mine, add=["one too many"])["refused"][0]["code"] == "MEDIA_013"


@pytest.mark.parametrize("body", [
    {"action": "tag"}, {"action": "visibility"}, {"action": "burn"}, {"action": "trash", "media_ids": []},
    {"action": "trash", "media_ids": [NOBODY] * 1001}, {"action": "tag", "add": ["a,b"]},
])  # fmt: skip
def test_a_batch_that_makes_no_sense_is_refused_whole(owner, body):
    answer = owner.post("/api/media/batch", json={"media_ids": [NOBODY]} | body)
    assert (answer.status_code, code(answer)) == (400, "FILE_001")


def test_emptying_takes_what_was_there_before_and_makes_room(stack):
    person = Person(stack, quota=10_000).client()
    first, second = (send(person, f"{n}.txt", bytes([65 + n]) * 4000)["media_id"] for n in range(2))
    for media in (first, second):
        person.delete(f"/api/media/{media}").raise_for_status()
    assert person.get("/v1/files/quota").json()["used"] == 8000
    moment = next(one["trashed_at"] for one in person.get("/api/trash").json()["data"] if one["id"] == second)
    assert person.delete("/api/trash", params={"before": moment}).json() == {"removed": 1}
    assert [one["id"] for one in person.get("/api/trash").json()["data"]] == [second]
    assert person.delete(f"/api/trash/{second}").status_code == 204
    assert person.get("/v1/files/quota").json()["used"] == 0
    assert person.get("/api/trash").json()["items"] == 0

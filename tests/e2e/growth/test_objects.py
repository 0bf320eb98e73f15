"""The vault in a bucket: two control hosts that share it and no vault directory, and a store that is killed."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from control.files import write_secret
from nginx import contract
from tests.e2e.conftest import FILM_RATE, FILM_SECONDS, make
from tests.e2e.growth.test_growth import killed
from tests.e2e.hls import Segment, decoded, rungs, segments
from tests.e2e.people import wait_until
from tests.edges import SHARED, another_host, minted, serving
from tests.object_store import ObjectStore, running_store
from tests.stack import PATIENCE, SETTINGS, Client, Stack, free_port, running

pytestmark = pytest.mark.soak

SECRETS = ("Authorization", "X-Amz", "x-amz", "AWS4-HMAC")


@dataclass
class Place:
    store: ObjectStore
    hosts: list[Stack]

    def session(self, number: int) -> Client:
        return self.hosts[number].session(password=self.hosts[0].admin_password)

    def kept(self, media: dict) -> set[str]:
        """Names in the bucket, below the media's own."""
        prefix = f"sluice/{contract.vault_directory(media['id'])}/"
        return {name.removeprefix(prefix) for name in self.store.contents() if name.startswith(prefix)}


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with ExitStack() as all_of_it:
        store = all_of_it.enter_context(running_store())
        settings, data = f"{SETTINGS}\n{store.settings}", Path(tempfile.mkdtemp(prefix="sluice-e2e-"))
        give_credentials(store, data)
        first = all_of_it.enter_context(running(f"{settings}\n[edge]\ndoor = {free_port()}\n", data=data))
        second = all_of_it.enter_context(another_host(first, settings, tuple(set(SHARED) - {"vault"})))
        yield Place(store, [first, second])


def give_credentials(store: ObjectStore, data: Path) -> None:
    (data / "keys").mkdir(mode=0o700)
    write_secret(data / "keys/s3.ini", store.credentials)
    if os.geteuid() == 0:
        for path in (data, data / "keys", data / "keys/s3.ini"):
            shutil.chown(path, "sluice", "sluice")


@pytest.fixture(scope="module")
def film(place, film_file) -> dict:
    return place.hosts[0].wait_for_media(place.hosts[0].drop(film_file, "film.mp4"))


@pytest.fixture(scope="module")
def photo_file(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("media") / "photo.jpg"
    return make(target, "-f", "lavfi", "-i", "testsrc=size=640x480", "-frames:v", "1")


def watched(place: Place, number: int, media: dict, rung: str = "360p") -> tuple[Client, list[Segment], str]:
    """Somebody who has opened the player on a host: (client, segments, address of the playlist)."""
    host, client = place.hosts[number], place.session(number)
    url = f"{host.url}/api/media/stream/{media['id']}"
    playlist = rungs(client, url, client.get(url).text)[rung]
    return client, segments(client, playlist), playlist


def test_a_film_plays_on_both_hosts_and_nothing_of_it_is_on_a_disk(place, film):
    assert {contract.MANIFEST, contract.MASTER_PLAYLIST, "360p/seg_00000.ts", "still.webp.enc"} <= place.kept(film)
    for number, host in enumerate(place.hosts):
        assert not [path for path in (host.data / "vault").rglob("*") if path.is_file()]
        client, _, playlist = watched(place, number, film)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        frames, _ = decoded(playlist, None, header=f"Cookie: {cookie}")
        assert frames == FILM_SECONDS * FILM_RATE
        for kind in ("thumbnail", "still", "preview"):
            assert client.get(f"/api/media/{kind}/{film['id']}").content[8:12] == b"WEBP"


def test_what_nginx_answers_is_like_a_file_of_its_own(place, film):
    client, found, playlist = watched(place, 0, film)
    whole = client.get(found[0].url)
    assert whole.headers["Content-Type"] == "video/mp2t" and whole.headers["Cache-Control"] == "private, max-age=3600"
    assert client.get(playlist).headers["Content-Type"] == "application/vnd.apple.mpegurl"
    part = client.get(found[0].url, headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, whole.content[100:300])
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(whole.content)}"
    assert client.get(found[0].url, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416
    assert client.get(found[0].url, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert client.head(found[0].url).headers["Content-Length"] == str(len(whole.content))
    assert client.post(found[0].url).status_code == 405
    missing = client.get(found[0].url.replace("seg_00000", "seg_09999"))
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "FILE_002")
    forged = found[0].url.replace(film["id"], "0f0f0f0f-0000-4000-8000-000000000001")
    assert (client.get(forged).status_code, client.get(forged).json()["error"]["code"]) == (403, "SEC_003")
    for answer in (whole, part, missing):
        told = str({name.lower(): value for name, value in answer.headers.items()}) + answer.text[:2000]
        assert not any(secret in told for secret in (*SECRETS, place.store.endpoint)), told
        assert set(answer.headers) & {"X-Content-Type-Options", "Content-Security-Policy"}


def test_no_log_has_a_signature(place, film):
    client, found, _ = watched(place, 0, film, "480p")
    with place.store.killed():
        assert client.get(found[-1].url).status_code == 503
    logs = [path for path in (place.hosts[0].data / "logs").rglob("*") if path.is_file()]
    texts = {log.name: log.read_text(errors="replace") for log in logs}
    assert place.store.endpoint in texts["nginx-error.log"]
    assert not [name for name, text in texts.items() if "AWS4-HMAC" in text or "Signature=" in text]


def test_with_the_store_killed_what_is_kept_plays_on_and_the_rest_says_when_to_come_back(place, film):
    client, found, playlist = watched(place, 0, film)
    contents = [client.get(segment.url).content for segment in found]
    other, elsewhere, _ = watched(place, 1, film, "480p")
    with place.store.killed():
        assert [client.get(segment.url).content for segment in found] == contents
        assert client.get(playlist).status_code == client.get(found[0].key_url).status_code == 200
        answer = other.get(elsewhere[-1].url)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "SYSTEM_002")
        assert "Retry-After" in answer.headers and answer.headers["Cache-Control"] == "no-store"
    wait_until(lambda: other.get(elsewhere[-1].url).status_code == 200, PATIENCE)


def test_a_store_that_says_nothing_holds_up_nobody_else(place, film):
    client, found, _ = watched(place, 0, film)
    other, elsewhere, _ = watched(place, 1, film, "480p")
    assert client.get(found[0].url).status_code == 200
    with place.store.paused():
        assert other.get(elsewhere[0].url, timeout=PATIENCE).status_code == 503
        assert client.get(found[0].url).status_code == client.get("/api/media/library").status_code == 200


def test_an_edge_in_front_gets_and_keeps_what_the_store_has(place, film):
    edge = minted(place.hosts[0], "edge-one")
    with serving(edge):
        client = Client(edge.url, edge.data / "tls/certificate.pem")
        account = {"username": "admin", "password": place.hosts[0].admin_password}
        client.post("/api/auth/login", json=account, timeout=PATIENCE).raise_for_status()
        url = f"{edge.url}/api/media/stream/{film['id']}"
        found = segments(client, rungs(client, url, client.get(url).text)["480p"])
        contents = [client.get(segment.url).content for segment in found]
        with place.store.killed():
            again = [client.get(segment.url) for segment in found]
    assert [answer.content for answer in again] == contents
    assert {answer.headers[contract.EDGE_CACHE.name] for answer in again} <= {"HIT", "STALE"}


def test_the_vault_comes_back_into_a_directory(place, film):
    host = place.hosts[1]
    assert json.loads(host.sluice("vault", "copy", "--back", "--json"))["copied"] >= 1
    kept = {str(path.relative_to(host.data / "vault" / contract.vault_directory(film["id"])))
            for path in (host.data / "vault").glob(f"*/{film['id']}/**/*") if path.is_file()}  # fmt: skip
    assert kept == place.kept(film)
    assert [json.loads(host.sluice("vault", "copy", *way, "--json"))["copied"] for way in ([], ["--back"])] == [0, 0]


def test_a_killed_nginx_comes_back(place, film):
    client, found, _ = watched(place, 0, film)
    with killed(place.hosts[0], "sluice:nginx"):
        pass
    place.hosts[0].wait_until_it_listens()
    wait_until(lambda: client.get(found[0].url).status_code == 200, PATIENCE)


def test_an_import_waits_for_a_store_that_is_away(place, photo_file):
    host = place.hosts[0]
    with place.store.killed():
        name = host.drop(photo_file, "waits.jpg")
        wait_until(lambda: (host.media(name) or {}).get("error_code") == "SYSTEM_002", PATIENCE)
    photo = host.wait_for_media(name)
    client = place.session(0)
    answer = client.get(f"/api/media/stream/{photo['id']}")
    assert answer.status_code == 200 and answer.headers[contract.ENCRYPTED.name] == "true"
    assert answer.headers["Content-Type"] == "image/webp" and answer.headers[contract.KEY_URL.name]
    client.delete(f"/v1/files/media/{photo['id']}").raise_for_status()
    wait_until(lambda: not place.kept(photo), PATIENCE)


def test_everything_of_it_is_verified_written_anew_and_removed(place, film):
    host = place.hosts[1]
    host.sluice("media", "verify", film["id"])
    before = place.store.contents()
    host.sluice("key", "reencrypt", film["id"])
    host.sluice("media", "verify", film["id"])
    after, segment = place.store.contents(), f"sluice/{contract.vault_directory(film['id'])}/360p/seg_00000.ts"
    assert before.keys() == after.keys() and before[segment] != after[segment]
    client = place.session(0)
    client.delete(f"/api/media/{film['id']}").raise_for_status()
    client.delete(f"/api/trash/{film['id']}").raise_for_status()
    wait_until(lambda: not place.kept(film), PATIENCE)


def test_hosts_have_no_hole(place):
    for host in place.hosts:
        host.sluice("edge", "verify")
        found = {one["check"]: one["state"] for one in json.loads(host.sluice("doctor", "--all", "--json", check=False))}
        assert {found["store"], found["store credentials"], found["clock store"]} == {"ok"}

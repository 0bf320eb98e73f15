"""One contract, two implementations: whoever writes or reads the vault need not know where it is."""

from __future__ import annotations

import pytest
import requests

from control.errors import NotFound, StorageUnavailable
from control.settings.sections import Vault
from control.storage.objects.posix import Posix
from control.vault.objects import Compartment
from nginx import contract
from tests.control.conftest import bucket
from tests.stack import PATIENCE, free_port

MEDIA, OTHER = "0f0f0f0f-0000-4000-8000-000000000001", "0f0f0f0f-0000-4000-8000-000000000002"
SEGMENT = f"720p/{contract.segment_name(0)}"


@pytest.fixture
def film(objects) -> Compartment:
    film = Compartment.of(objects, MEDIA)
    for name in (SEGMENT, contract.MANIFEST, contract.MASTER_PLAYLIST):
        film.put(name, name.encode())
    return film


def test_what_is_put_is_there_whole_and_the_last_one_counts(objects, film):
    assert film.get(SEGMENT) == SEGMENT.encode()
    film.put(SEGMENT, b"")
    assert film.get(SEGMENT) == b"" and objects.get(f"0f/{MEDIA}/{contract.MANIFEST}") == contract.MANIFEST.encode()
    film.settle()
    assert film.names() == {SEGMENT: 0, contract.MANIFEST: 13, contract.MASTER_PLAYLIST: 11}
    assert film.written[SEGMENT] == {"size": 0, "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}


def test_what_is_not_there_is_missing_and_nothing_else(objects, film):
    with pytest.raises(FileNotFoundError):
        film.get("720p/seg_00009.ts")
    assert Compartment.of(objects, OTHER).names() == {}
    Compartment.of(objects, OTHER).remove()


def test_one_goes_and_its_neighbours_stay(objects, film):
    """Also those whose names begin like its own."""
    neighbours = [Compartment.of(objects, OTHER), Compartment(objects, f"{contract.vault_directory(MEDIA)}.new")]
    for neighbour in neighbours:
        neighbour.put(SEGMENT, b"neighbour")
    film.put("720p2/seg_00000.ts", b"another rung")
    film.remove("720p")
    assert SEGMENT not in film.names() and "720p2/seg_00000.ts" in film.names()
    assert SEGMENT not in film.written and "720p2/seg_00000.ts" in film.written
    film.remove()
    assert film.names() == film.written == {} and all(neighbour.names() for neighbour in neighbours)


def test_a_copy_is_its_own(objects, film):
    copy = Compartment.of(objects, OTHER)
    copy.share(film)
    assert copy.names() == film.names() and copy.get(SEGMENT) == film.get(SEGMENT)
    copy.put(SEGMENT, b"changed")
    assert film.get(SEGMENT) == SEGMENT.encode()
    film.remove()
    assert copy.get(SEGMENT) == b"changed" and copy.get(contract.MANIFEST) == contract.MANIFEST.encode()


def test_others_take_its_place_and_once_more_changes_nothing(objects, film):
    fresh = Compartment(objects, f"{contract.vault_directory(MEDIA)}.new")
    fresh.put("480p/seg_00000.ts", b"new")
    fresh.put(contract.MANIFEST, b"new manifest")
    for _ in range(2):
        film.take_over(fresh)
        assert film.names() == {"480p/seg_00000.ts": 3, contract.MANIFEST: 12} and fresh.names() == {}
        assert film.get(contract.MANIFEST) == b"new manifest"


def test_a_directory_signs_nothing(tmp_path):
    with pytest.raises(NotFound):
        Posix(tmp_path).signature("a/b")


@pytest.mark.parametrize("objects", ["s3"], indirect=True)
def test_a_signature_opens_one_object_and_no_other(objects, film, object_store):
    def asked(name: str, headers: dict[str, str]) -> requests.Response:
        address = f"{object_store.endpoint}{objects._vault.path}{contract.vault_directory(MEDIA)}/{name}"
        return requests.get(address, headers=headers, timeout=PATIENCE)

    signed = objects.signature(f"{contract.vault_directory(MEDIA)}/{SEGMENT}")
    assert set(signed) <= set(contract.STORE_HEADERS)
    assert (asked(SEGMENT, signed).status_code, asked(SEGMENT, signed).content) == (200, SEGMENT.encode())
    assert asked(contract.MANIFEST, signed).status_code == asked(SEGMENT, {}).status_code == 403
    assert abs(objects.clock()) < 60


def test_who_may_not_read_hears_that_the_store_is_away(tmp_path, object_store):
    stranger = bucket(object_store.endpoint, "[default]\naws_access_key_id = a\naws_secret_access_key = b\n", tmp_path)
    with pytest.raises(StorageUnavailable) as refused:
        stranger.get("a/b")
    assert "refuses" in refused.value.details and object_store.endpoint not in refused.value.details


def test_a_store_that_is_away_is_no_missing_file(tmp_path):
    away = bucket(f"http://127.0.0.1:{free_port()}", "[default]\naws_access_key_id = a\naws_secret_access_key = b\n", tmp_path)
    for act in (lambda: away.get("a/b"), lambda: away.put("a/b", b""), lambda: away.names("a/"), lambda: away.remove("a/")):
        with pytest.raises(StorageUnavailable):
            act()


@pytest.mark.parametrize("wrong", [
    {"store": "s3"}, {"store": "s3", "endpoint": "http://store"}, {"endpoint": "http://store/path"}, {"endpoint": "store"},
    {"bucket": "a b"}, {"bucket": "a/b"}, {"prefix": "films"}, {"prefix": "../"}, {"prefix": "a$b/"}, {"region": "x;y"},
])  # fmt: skip
def test_settings_of_a_store_that_cannot_be_used_are_refused(wrong):
    with pytest.raises(ValueError):
        Vault(**wrong)

"""A vault moves from one place to another: whole, verified, and never over what is newer."""

from __future__ import annotations

import pytest

from control.domain.media import Rendition
from control.storage.objects.posix import Posix
from control.vault.manifest import VaultDamaged, fingerprint, verify_manifest, write_manifest
from control.vault.moving import bring
from control.vault.objects import Compartment
from nginx import contract

MEDIA = "0f0f0f0f-0000-4000-8000-000000000001"
OLD, NEW = bytes(range(16)), bytes(range(16, 32))
SEGMENT = f"720p/{contract.segment_name(0)}"


@pytest.fixture
def places(tmp_path) -> tuple[Compartment, Compartment]:
    source, target = (Compartment.of(Posix(tmp_path / name), MEDIA) for name in ("from", "to"))
    make(source, OLD)
    return source, target


def make(place: Compartment, key: bytes) -> None:
    place.put(SEGMENT, b"under " + key)
    write_manifest(place, MEDIA, [Rendition("720p", 1280, 720, 1)], [], key)


def test_it_is_there_once_and_then_there_is_nothing_to_do(places):
    source, target = places
    assert bring(source, target, fingerprint(OLD), in_use=False)
    verify_manifest(target)
    assert source.names() == target.names()
    assert not bring(source, target, fingerprint(OLD), in_use=False)


@pytest.mark.parametrize("lost", [SEGMENT, contract.MANIFEST])
def test_what_was_interrupted_goes_on(places, tmp_path, lost):
    source, target = places
    bring(source, target, fingerprint(OLD), in_use=False)
    (tmp_path / "to" / contract.vault_directory(MEDIA) / lost).unlink()
    assert bring(source, target, fingerprint(OLD), in_use=False)
    verify_manifest(target)


def test_what_got_another_key_meanwhile_is_copied_again(places):
    source, target = places
    bring(source, target, fingerprint(OLD), in_use=False)
    make(source, NEW)
    assert bring(source, target, fingerprint(NEW), in_use=False) and target.get(SEGMENT) == b"under " + NEW


def test_a_place_in_use_keeps_what_is_newer_there_and_gets_what_is_not(places):
    source, target = places
    make(target, NEW)
    assert not bring(source, target, fingerprint(NEW), in_use=True) and target.get(SEGMENT) == b"under " + NEW
    assert bring(source, target, fingerprint(OLD), in_use=True) and target.get(SEGMENT) == b"under " + OLD


def test_damage_is_said_and_what_is_being_made_stays(places, tmp_path):
    source, target = places
    source.put(SEGMENT, b"other " + OLD)
    with pytest.raises(VaultDamaged):
        bring(source, target, fingerprint(OLD), in_use=False)
    (tmp_path / "from" / contract.vault_directory(MEDIA) / contract.MANIFEST).unlink()
    target.remove()
    assert not bring(source, target, fingerprint(OLD), in_use=False) and not target.names()

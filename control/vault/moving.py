"""Bringing what the vault holds of a media from one place to another: from a directory into a store, or back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from control.vault.manifest import key_of, verify_manifest
from control.vault.objects import Compartment
from nginx import contract

_AT_ONCE = 8


def bring(source: Compartment, target: Compartment, key: str, in_use: bool) -> bool:
    """Copy what `target` lacks, the manifest last, and read all of it back; False where nothing was to be done.

    `key` is the fingerprint of the media's key. A target that is in use already is right about what is under that key:
    it may have changed since the media was copied. Raises VaultDamaged for what does not read back.
    """
    manifest, there = _manifest(source), _manifest(target)
    if manifest is None or (in_use and key_of(target) == key):
        return False  # it is being made, and will be made where the vault is then; or it is there
    if there not in (None, manifest):
        target.remove()  # as it was under another key, or with fewer tracks
    present = target.names()
    lacking = [name for name, size in source.names().items() if present.get(name) != size and name != contract.MANIFEST]
    if there == manifest and not lacking:
        return False
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(lambda name: target.put(name, source.get(name)), lacking))
    target.put(contract.MANIFEST, manifest)
    target.settle()
    verify_manifest(target)
    return True


def _manifest(place: Compartment) -> bytes | None:
    try:
        return place.get(contract.MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        return None

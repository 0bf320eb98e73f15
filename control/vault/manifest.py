"""manifest.json: what was made of one media, file by file, with sizes and hashes of the ciphertext. Written last."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict

from control import vault
from control.domain.media import Rendition, Track
from control.vault.objects import Compartment, described
from nginx import contract


class VaultDamaged(ValueError):
    """The vault does not hold what its manifest says."""


def write_manifest(
    target: Compartment, media: str, renditions: Iterable[Rendition], tracks: Iterable[Track], media_key: bytes
) -> None:
    """Describe everything that is in `target` now, and make all of it last."""
    content = {
        "media": media,
        "key": fingerprint(media_key),
        "renditions": [asdict(rendition) for rendition in renditions],
        "tracks": [asdict(track) for track in tracks],
        "files": _described(target),
    }
    target.put(contract.MANIFEST, json.dumps(content, indent=1).encode())
    target.settle()


def _described(target: Compartment) -> dict[str, dict]:
    """As it was put just now, else as the last manifest says (damage since then stays visible), else as it is read."""
    try:
        known = listed(target)
    except VaultDamaged:
        known = {}
    known |= target.written
    names = sorted(target.names().keys() - {contract.MANIFEST})
    return {name: known.get(name) or described(target.get(name)) for name in names}


def verify_manifest(target: Compartment) -> None:
    """Read everything back; raises VaultDamaged, naming the first file that is missing or different."""
    for name, expected in listed(target).items():
        try:
            found = described(target.get(name))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            found = None
        if found != expected:
            raise VaultDamaged(f"{name} is missing or damaged")


def fingerprint(media_key: bytes) -> str:
    """Names a media key without telling anything of it."""
    return vault.content_key(media_key, "fingerprint").hex()


def key_of(target: Compartment) -> str | None:
    """The fingerprint of the key that the files in `target` are under; None where no manifest says so."""
    try:
        return json.loads(target.get(contract.MANIFEST)).get("key")
    except (OSError, ValueError):
        return None


def listed(target: Compartment) -> dict[str, dict]:
    """Name -> {size, sha256} of everything else in `target`; raises VaultDamaged where no manifest says so."""
    try:
        return json.loads(target.get(contract.MANIFEST))["files"]
    except (OSError, ValueError, KeyError):
        raise VaultDamaged("its manifest is missing or damaged") from None

"""manifest.json: what was made of one media, file by file, with sizes and hashes of the ciphertext. Written last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from control import vault
from control.domain.media import Rendition, Track
from control.files import sync_directory, write_durably
from nginx import contract


class VaultDamaged(ValueError):
    """The vault does not hold what its manifest says."""


def write_manifest(
    target: Path, media: str, renditions: Iterable[Rendition], tracks: Iterable[Track], media_key: bytes
) -> None:
    """Describe everything that lies in `target` now, and bring all of it to the disk."""
    files = sorted(path for path in target.rglob("*") if path.is_file() and path.name != contract.MANIFEST)
    content = {
        "media": media,
        "key": fingerprint(media_key),
        "renditions": [asdict(rendition) for rendition in renditions],
        "tracks": [asdict(track) for track in tracks],
        "files": {str(path.relative_to(target)): _fingerprint(path) for path in files},
    }
    write_durably(target / contract.MANIFEST, json.dumps(content, indent=1).encode())
    for directory in (*(path for path in target.rglob("*") if path.is_dir()), target, target.parent):
        sync_directory(directory)


def verify_manifest(target: Path) -> None:
    """Read everything back; raises VaultDamaged, naming the first file that is missing or different."""
    for name, expected in _files(target).items():
        path = target / name
        if not path.is_file() or _fingerprint(path) != expected:
            raise VaultDamaged(f"{name} is missing or damaged")


def fingerprint(media_key: bytes) -> str:
    """Names a media key without telling anything of it."""
    return vault.content_key(media_key, "fingerprint").hex()


def key_of(target: Path) -> str | None:
    """The fingerprint of the key that the files in `target` are under; None where no manifest says so."""
    try:
        return json.loads((target / contract.MANIFEST).read_bytes()).get("key")
    except (OSError, ValueError):
        return None


def _files(target: Path) -> dict[str, dict]:
    try:
        return json.loads((target / contract.MANIFEST).read_bytes())["files"]
    except (OSError, ValueError, KeyError):
        raise VaultDamaged("its manifest is missing or damaged") from None


def size_of(target: Path) -> int:
    """Bytes of everything that the manifest names; 0 where there is none."""
    try:
        return sum(file["size"] for file in _files(target).values())
    except VaultDamaged:
        return 0


def _fingerprint(path: Path) -> dict:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}

"""manifest.json: what was made of one media, file by file, with sizes and hashes of the ciphertext. Written last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from control.domain.media import Rendition
from nginx import contract
from processor.steps.segments import write_durably


class VaultDamaged(Exception):
    """The vault does not hold what its manifest says."""


def write_manifest(target: Path, media: str, renditions: Iterable[Rendition]) -> None:
    files = sorted(path for path in target.rglob("*") if path.is_file() and path.name != contract.MANIFEST)
    content = {
        "media": media,
        "renditions": [asdict(rendition) for rendition in renditions],
        "files": {str(path.relative_to(target)): _fingerprint(path) for path in files},
    }
    write_durably(target / contract.MANIFEST, json.dumps(content, indent=1).encode())


def verify_manifest(target: Path) -> None:
    """Raises VaultDamaged, naming the first file that is missing or different."""
    files = json.loads((target / contract.MANIFEST).read_bytes())["files"]
    for name, expected in files.items():
        path = target / name
        if not path.is_file() or _fingerprint(path) != expected:
            raise VaultDamaged(f"{name} is missing or damaged")


def _fingerprint(path: Path) -> dict:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}

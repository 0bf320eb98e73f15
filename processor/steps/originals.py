"""What becomes of an imported file once its renditions are published: encrypt, keep or delete. Never lose it."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from control.files import sync_directory
from control.settings.paths import Paths
from control.settings.sections import Policy
from control.vault.originals import archive_path, archived_digest, kept_path, write_archive
from nginx import contract


class OriginalChanged(Exception):
    """What was archived is not what lies there."""


def secure(paths: Paths, media: str, source: Path, media_key: bytes, policy: Policy) -> bytes:
    """Bring the original to its last place by its policy and return its SHA-256; `source` itself stays, until the
    media is published."""
    if policy == "encrypt":
        return archive(paths, media, source, media_key)
    if policy == "keep":
        keep(paths, media, source)
    with source.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def archive(paths: Paths, media: str, source: Path, media_key: bytes) -> bytes:
    """Write the original as ciphertext, read it back, compare; return its SHA-256. Raises OriginalChanged."""
    target = archive_path(paths, media)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = target.with_name(target.name + ".part")
    with source.open("rb") as plain, temporary.open("wb") as sealed:
        reading = _Reading(plain)
        write_archive(media_key, reading, sealed)
        sealed.flush()
        os.fsync(sealed.fileno())
    if archived_digest(temporary, media_key) != reading.digest.digest():
        temporary.unlink()
        raise OriginalChanged(f"the archive of {media} does not read back")
    os.replace(temporary, target)
    sync_directory(target.parent)
    return reading.digest.digest()


def keep(paths: Paths, media: str, source: Path) -> None:
    """Copy the original, plain, to its place among the kept ones."""
    target = kept_path(paths, media)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(target.name + ".part")
    shutil.copyfile(source, temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, target)
    sync_directory(target.parent)


def quarantine(paths: Paths, media: str, source: Path, reason: str, name: str = contract.QUARANTINED) -> None:
    """Move a refused file out of imports/, beside the reason. The file itself is left as it is."""
    place = paths.quarantine / media
    place.mkdir(mode=0o750, exist_ok=True)
    (place / "reason.txt").write_text(reason + "\n")
    if os.path.lexists(source):
        shutil.move(source, place / name)


class _Reading:
    """A file that hashes what is read from it."""

    def __init__(self, file: BinaryIO):
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self.digest.update(content)
        return content

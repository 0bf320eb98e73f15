"""What becomes of an imported file once its renditions are published: encrypt, keep or delete. Never lose it."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import BinaryIO

from control import vault
from control.files import sync_directory
from control.settings import Paths, Policy
from nginx import contract

ARCHIVE_LABEL = "original"


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
    target, key = archive_path(paths, media), vault.content_key(media_key, ARCHIVE_LABEL)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = target.with_name(target.name + ".part")
    digest = hashlib.sha256()
    with source.open("rb") as plain, temporary.open("wb") as sealed:
        vault.archive(key, _Reading(plain, digest), sealed)
        sealed.flush()
        os.fsync(sealed.fileno())
    back = hashlib.sha256()
    with temporary.open("rb") as sealed:
        vault.unarchive(key, sealed, _Hashing(back))
    if back.digest() != digest.digest():
        temporary.unlink()
        raise OriginalChanged(f"the archive of {media} does not read back")
    os.replace(temporary, target)
    sync_directory(target.parent)
    return digest.digest()


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


def archive_path(paths: Paths, media: str) -> Path:
    return paths.archive / contract.archive_name(media)


def kept_path(paths: Paths, media: str) -> Path:
    return paths.files / contract.ORIGINALS_ROOT / contract.vault_directory(media) / contract.ORIGINAL


def quarantine(paths: Paths, media: str, source: Path, reason: str, name: str = "file") -> None:
    """Move a refused file out of imports/, beside the reason. The file itself is left as it is."""
    place = paths.quarantine / media
    place.mkdir(mode=0o750, exist_ok=True)
    (place / "reason.txt").write_text(reason + "\n")
    if os.path.lexists(source):
        shutil.move(source, place / name)


class _Reading:
    """A file that hashes what is read from it."""

    def __init__(self, file: BinaryIO, digest):
        self._file, self._digest = file, digest

    def read(self, size: int) -> bytes:
        content = self._file.read(size)
        self._digest.update(content)
        return content


class _Hashing:
    """A file that keeps only the hash of what is written to it."""

    def __init__(self, digest):
        self._digest = digest

    def write(self, content: bytes) -> None:
        self._digest.update(content)

"""Where originals lie once they have left imports/, and how they come back."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from control import vault
from control.errors import EncryptionFailed
from control.settings.paths import Paths
from nginx import contract

ARCHIVE_LABEL = "original"


def archive_path(paths: Paths, media: str) -> Path:
    return paths.archive / contract.archive_name(media)


def kept_path(paths: Paths, media: str, stored: str | None = None) -> Path:
    """Where a plain original lies: an upload where it was `stored`, an imported one by its id."""
    if stored is not None:
        return paths.files / stored
    return paths.files / contract.ORIGINALS_ROOT / contract.vault_directory(media) / contract.ORIGINAL


def pending_path(paths: Paths, media: str) -> Path:
    """Where an upload lies that is treated as an import, until its original has gone where the policy says."""
    return paths.files / contract.PENDING / media


def write_archive(media_key: bytes, plain: BinaryIO, sealed: BinaryIO) -> None:
    vault.archive(vault.content_key(media_key, ARCHIVE_LABEL), plain, sealed)


def read_archive(media_key: bytes, sealed: BinaryIO, plain: BinaryIO) -> None:
    """Raises EncryptionFailed when it was altered, cut short or belongs to another key."""
    vault.unarchive(vault.content_key(media_key, ARCHIVE_LABEL), sealed, plain)


class Hashing:
    """A file that keeps only the hash of what is written to it."""

    def __init__(self):
        self._digest = hashlib.sha256()

    def write(self, content: bytes) -> None:
        self._digest.update(content)

    def digest(self) -> bytes:
        return self._digest.digest()


def archived_digest(path: Path, media_key: bytes) -> bytes | None:
    """SHA-256 of the original in an archive; None where this key does not open it, or not all of it."""
    content = Hashing()
    try:
        with path.open("rb") as sealed:
            read_archive(media_key, sealed, content)
    except EncryptionFailed:
        return None
    return content.digest()

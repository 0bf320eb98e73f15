"""Writing one media's vault directory and archive again under another media key.

The new files are made beside the old ones and verified; then both are swapped by rename. Whoever is interrupted finds
both keys in the database and goes on from whatever state the disk is in: a manifest names the key of its files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from control import vault
from control.domain.media import Rendition, Track
from control.files import sync_directory, write_durably
from control.vault.manifest import VaultDamaged, fingerprint, key_of, verify_manifest, write_manifest
from control.vault.originals import archived_digest, read_archive, write_archive
from nginx import contract

_ENTRY = re.compile(r'URI="key/(?P<period>\d+)",IV=0x(?P<iv>[0-9a-f]{32})\n#EXTINF:[\d.]+,\n(?P<name>\S+)')


@dataclass(frozen=True)
class Rekeyed:
    """A media on its way from one key to another."""

    media: str
    target: Path  # its directory in the vault
    archive: Path
    old: bytes
    new: bytes

    @property
    def _fresh(self) -> Path:
        return self.target.with_name(self.media + ".new")

    @property
    def _stale(self) -> Path:
        return self.target.with_name(self.media + ".old")

    @property
    def swapped(self) -> bool:
        """Whether the vault is under the new key already."""
        return self.target.is_dir() and key_of(self.target) == fingerprint(self.new)

    def run(self) -> None:
        """From whatever an earlier try has left, to all of it under the new key."""
        if not self.target.is_dir() and self._fresh.is_dir():
            os.rename(self._fresh, self.target)  # it ended between the two renames
        if not self.swapped:
            self._write()
            self._swap()
        self._rearchive()
        shutil.rmtree(self._stale, ignore_errors=True)

    def _write(self) -> None:
        for leftover in (self._fresh, self._stale):
            shutil.rmtree(leftover, ignore_errors=True)
        verify_manifest(self.target)  # damage must not be sealed anew
        self._fresh.mkdir()
        for path in sorted(path for path in self.target.rglob("*") if path.is_file()):
            name = path.relative_to(self.target)
            (self._fresh / name).parent.mkdir(exist_ok=True)
            self._write_file(path, name)
        told = json.loads((self.target / contract.MANIFEST).read_bytes())
        renditions = [Rendition(**rendition) for rendition in told["renditions"]]
        tracks = [Track(**track) for track in told.get("tracks", [])]
        write_manifest(self._fresh, self.media, renditions, tracks, self.new)
        verify_manifest(self._fresh)

    def _write_file(self, path: Path, name: Path) -> None:
        if path.name == contract.PLAYLIST:
            self._write_rung(path.parent)
        elif path.name.endswith(".enc"):
            label = _label(name)
            plain = vault.unseal(vault.content_key(self.old, label), path.read_bytes())
            write_durably(self._fresh / name, vault.seal(vault.content_key(self.new, label), plain))
        elif path.name == contract.MASTER_PLAYLIST:
            write_durably(self._fresh / name, path.read_bytes())

    def _write_rung(self, rung: Path) -> None:
        """Every segment gets a new IV as well, and the playlist tells it."""

        def rewritten(entry: re.Match) -> str:
            iv = os.urandom(vault.IV_BYTES)
            self._write_segment(rung, entry["name"], int(entry["period"]), bytes.fromhex(entry["iv"]), iv)
            return entry[0].replace(entry["iv"], iv.hex(), 1)

        playlist = _ENTRY.sub(rewritten, (rung / contract.PLAYLIST).read_text())
        write_durably(self._fresh / rung.name / contract.PLAYLIST, playlist.encode())

    def _write_segment(self, rung: Path, name: str, period: int, old_iv: bytes, new_iv: bytes) -> None:
        sealed = (rung / name).read_bytes()
        plain = vault.decrypt(vault.content_key(self.old, rung.name, period), sealed, old_iv)
        sealed = vault.encrypt(vault.content_key(self.new, rung.name, period), plain, new_iv)
        write_durably(self._fresh / rung.name / name, sealed)

    def _swap(self) -> None:
        os.rename(self.target, self._stale)
        os.rename(self._fresh, self.target)
        sync_directory(self.target.parent)

    def _rearchive(self) -> None:
        """The archived original, if there is one."""
        content = archived_digest(self.archive, self.old) if self.archive.exists() else None
        if content is None:
            return  # none, or under the new key already
        fresh = self.archive.with_name(self.media + ".new")
        with self.archive.open("rb") as sealed, fresh.open("wb") as target:
            _reseal(self.old, self.new, sealed, target)
            target.flush()
            os.fsync(target.fileno())
        if archived_digest(fresh, self.new) != content:
            raise VaultDamaged(f"the archive of {self.media} does not read back")
        os.replace(fresh, self.archive)
        sync_directory(self.archive.parent)


def _reseal(old: bytes, new: bytes, sealed: BinaryIO, target: BinaryIO) -> None:
    """From one key to another without plaintext on a disk. Whoever calls compares what has arrived."""
    reading, writing = os.pipe()

    def unseal() -> None:
        with os.fdopen(writing, "wb") as plain:
            read_archive(old, sealed, plain)

    thread = threading.Thread(target=unseal)
    thread.start()
    with os.fdopen(reading, "rb") as plain:
        write_archive(new, plain, target)
    thread.join()


def _label(name: Path) -> str:
    """What the content key of a sealed file is derived for."""
    if name.name == contract.SIDECAR:
        return f"{name.parent.name}-original"
    return contract.IMAGE_RUNG if name.name == contract.IMAGE else name.name.split(".")[0]

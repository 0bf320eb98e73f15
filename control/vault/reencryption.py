"""Writing one media's renditions and archive again under another media key.

The new files are made beside the old ones and verified; then they take their place. Whoever is interrupted finds both
keys in the database and goes on from whatever state the vault is in: a manifest names the key of its files.
"""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from control import vault
from control.domain.media import Rendition, Track
from control.files import sync_directory
from control.vault.manifest import VaultDamaged, fingerprint, key_of, verify_manifest, write_manifest
from control.vault.objects import Compartment, Objects
from control.vault.originals import archived_digest, read_archive, write_archive
from nginx import contract

_ENTRY = re.compile(r'URI="key/(?P<period>\d+)",IV=0x(?P<iv>[0-9a-f]{32})\n#EXTINF:[\d.]+,\n(?P<name>\S+)')


@dataclass(frozen=True)
class Rekeyed:
    """A media on its way from one key to another."""

    media: str
    objects: Objects
    archive: Path
    old: bytes
    new: bytes

    @cached_property
    def target(self) -> Compartment:
        return Compartment.of(self.objects, self.media)

    @cached_property
    def fresh(self) -> Compartment:
        return Compartment(self.objects, contract.vault_directory(self.media) + ".new")

    @property
    def swapped(self) -> bool:
        """Whether the vault is under the new key already."""
        return key_of(self.target) == fingerprint(self.new)

    def run(self) -> None:
        """From whatever an earlier try has left, to all of it under the new key.

        Raises VaultDamaged: damage must not be sealed anew.
        """
        if not self.swapped and not self._ended_in_between():
            self._write()
        self.target.take_over(self.fresh)
        self._rearchive()

    def _ended_in_between(self) -> bool:
        """Whether the new files had begun to take the place of the old ones."""
        try:
            verify_manifest(self.target)
            return False
        except VaultDamaged:
            if key_of(self.fresh) != fingerprint(self.new):
                raise
        verify_manifest(self.fresh)
        return True

    def _write(self) -> None:
        self.fresh.remove()
        for name in sorted(self.target.names()):
            self._write_file(PurePosixPath(name))
        told = json.loads(self.target.get(contract.MANIFEST))
        renditions = [Rendition(**rendition) for rendition in told["renditions"]]
        tracks = [Track(**track) for track in told.get("tracks", [])]
        write_manifest(self.fresh, self.media, renditions, tracks, self.new)
        verify_manifest(self.fresh)

    def _write_file(self, path: PurePosixPath) -> None:
        name = str(path)
        if path.name == contract.PLAYLIST:
            self._write_rung(path.parent.name)
        elif path.name.endswith(".enc"):
            label = _label(path)
            plain = vault.unseal(vault.content_key(self.old, label), self.target.get(name))
            self.fresh.put(name, vault.seal(vault.content_key(self.new, label), plain))
        elif path.name == contract.MASTER_PLAYLIST:
            self.fresh.put(name, self.target.get(name))

    def _write_rung(self, rung: str) -> None:
        """Every segment gets a new IV as well, and the playlist tells it."""

        def rewritten(entry: re.Match) -> str:
            iv = os.urandom(vault.IV_BYTES)
            self._write_segment(rung, entry["name"], int(entry["period"]), bytes.fromhex(entry["iv"]), iv)
            return entry[0].replace(entry["iv"], iv.hex(), 1)

        name = f"{rung}/{contract.PLAYLIST}"
        playlist = _ENTRY.sub(rewritten, self.target.get(name).decode())
        self.fresh.put(name, playlist.encode())

    def _write_segment(self, rung: str, name: str, period: int, old_iv: bytes, new_iv: bytes) -> None:
        sealed = self.target.get(f"{rung}/{name}")
        plain = vault.decrypt(vault.content_key(self.old, rung, period), sealed, old_iv)
        sealed = vault.encrypt(vault.content_key(self.new, rung, period), plain, new_iv)
        self.fresh.put(f"{rung}/{name}", sealed)

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


def _label(name: PurePosixPath) -> str:
    """What the content key of a sealed file is derived for."""
    if name.name == contract.SIDECAR:
        return f"{name.parent.name}-original"
    return contract.IMAGE_RUNG if name.name == contract.IMAGE else name.name.split(".")[0]

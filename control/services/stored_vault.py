"""The vault in a backup, where it is a bucket: by its manifests, so that what is kept already is not fetched."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from control.domain.backups import Entry
from control.vault.manifest import VaultDamaged, listed
from control.vault.objects import Compartment, Objects, described
from nginx import contract

PLACE = "vault"  # of DIR: where a restore writes it, for `sluice vault copy` to bring it back
_MODE = 0o640


class StoredVault:
    """`mtime_ns` is what a restore gives its files: a store knows no such thing."""

    def __init__(self, objects: Objects, repository, mtime_ns: int, advance: Callable[[int], None]):
        self._objects, self._repository, self._mtime_ns, self._advance = objects, repository, mtime_ns, advance

    def entries(self) -> Iterator[Entry | str]:
        """An Entry for each file, or the name of one that went meanwhile. What has no manifest is being made."""
        for shard in range(256):
            names = self._objects.names(f"{shard:02x}/")
            for directory in sorted(name.removesuffix("/" + contract.MANIFEST) for name in names if _is_manifest(name)):
                yield from self._media(f"{shard:02x}/{directory}")

    def _media(self, directory: str) -> Iterator[Entry | str]:
        compartment = Compartment(self._objects, directory)
        try:
            lines = listed(compartment) | {contract.MANIFEST: described(compartment.get(contract.MANIFEST))}
        except (VaultDamaged, FileNotFoundError):
            yield f"{PLACE}/{directory}"
            return
        for name, line in lines.items():
            yield self._entry(compartment, name, f"{PLACE}/{directory}/{name}", line)

    def _entry(self, compartment: Compartment, name: str, path: str, line: dict) -> Entry | str:
        if not self._repository.has(line["sha256"]):
            try:
                content = compartment.get(name)
            except FileNotFoundError:
                return path
            if hashlib.sha256(content).hexdigest() != line["sha256"]:
                return path
            self._keep(content)
        return Entry(path, line["sha256"], line["size"], self._mtime_ns, _MODE)

    def _keep(self, content: bytes) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            self._repository.keep(Path(file.name), self._advance)


def _is_manifest(name: str) -> bool:
    directory, _, file = name.partition("/")
    return file == contract.MANIFEST and not directory.endswith((".new", ".old"))

"""The vault in a directory: whole files, brought to the disk, removed and exchanged by rename."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from control.errors import NotFound
from control.files import sync_directory, write_durably


class Posix:
    def __init__(self, root: Path):
        self._root = root

    def put(self, name: str, content: bytes) -> None:
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, content)

    def get(self, name: str) -> bytes:
        return (self._root / name).read_bytes()

    def names(self, prefix: str) -> dict[str, int]:
        place = self._root / prefix
        files = (path for path in place.rglob("*") if path.is_file())
        return {str(path.relative_to(place)): path.stat().st_size for path in files}

    def settle(self, prefix: str) -> None:
        place = self._root / prefix
        for directory in (*(path for path in place.rglob("*") if path.is_dir()), place, place.parent):
            sync_directory(directory)

    def remove(self, prefix: str) -> None:
        """Raises OSError for what cannot be removed."""
        place = self._root / prefix
        while place.exists():
            with contextlib.suppress(FileNotFoundError):  # somebody else removes it too
                shutil.rmtree(place)

    def copy(self, prefix: str, to: str) -> None:
        """Hard links: names of their own, one content."""
        shutil.copytree(self._root / prefix, self._root / to, copy_function=os.link)

    def replace(self, prefix: str, by: str) -> None:
        place, fresh = self._root / prefix, self._root / by
        stale = place.with_name(place.name + ".old")
        if fresh.is_dir():
            if place.is_dir():
                self.remove(f"{stale.relative_to(self._root)}/")
                os.rename(place, stale)
            os.rename(fresh, place)
            sync_directory(place.parent)
        self.remove(f"{stale.relative_to(self._root)}/")

    def signature(self, name: str) -> dict[str, str]:
        raise NotFound()

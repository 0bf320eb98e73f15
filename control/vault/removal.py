"""What lies on the disks of a media: put aside while it is in the trash, brought back, and removed for good.

Files that a duplicate is linked to are names of their own: removing one leaves the others.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from control.domain.media import Media
from control.domain.trash import Remains
from control.settings.paths import Paths
from control.vault.objects import Objects
from control.vault.originals import archive_path, kept_path, pending_path
from nginx import contract


def put_aside(paths: Paths, media: Media) -> None:
    """No signed link names its plain original any more: Nginx opens those without asking anybody."""
    if media.original == "kept":
        kept = kept_path(paths, media.id, media.stored)
        _rename(kept, _aside(kept))


def bring_back(paths: Paths, media: Media) -> None:
    if media.original == "kept":
        kept = kept_path(paths, media.id, media.stored)
        _rename(_aside(kept), kept)


def remove(paths: Paths, objects: Objects, remains: Remains) -> None:
    """Everything of it, from whatever an interrupted try has left.

    Raises OSError for what cannot be removed, and StorageUnavailable while the vault's store is away.
    """
    kept, archive = kept_path(paths, remains.id, remains.stored), archive_path(paths, remains.id)
    _remove_import(paths, remains)  # first: without its row a file that lies there would be a new one
    for path in (kept, _aside(kept), archive, pending_path(paths, remains.id)):
        for name in (path, path.with_name(path.name + ".part")):
            name.unlink(missing_ok=True)
    archive.with_name(remains.id + ".new").unlink(missing_ok=True)
    for ending in ("", ".new", ".old"):
        objects.remove(f"{contract.vault_directory(remains.id)}{ending}/")
    _remove_tree(paths.quarantine / remains.id)
    if remains.stored is None:
        _remove_tree(kept.parent)


def _remove_import(paths: Paths, remains: Remains) -> None:
    """The file in imports/ itself, unless another one has taken its place."""
    if remains.path is None:
        return
    place = paths.imports / os.fsdecode(remains.path)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = place.lstat()
        if (status.st_ino, status.st_mtime_ns) == (remains.inode, remains.mtime_ns):
            place.unlink()


def _aside(path: Path) -> Path:
    """In the same directory, so that it is a rename whatever is mounted where."""
    return path.with_name(path.name + contract.TRASHED)


def _rename(source: Path, target: Path) -> None:
    """Whoever was faster has done it."""
    with contextlib.suppress(FileNotFoundError):
        if not target.exists():
            os.rename(source, target)


def _remove_tree(directory: Path) -> None:
    while directory.exists():
        with contextlib.suppress(FileNotFoundError):  # somebody else removes it too
            shutil.rmtree(directory)

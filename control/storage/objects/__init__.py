"""Where the vault is kept: a directory (posix.py) or an S3-compatible store (s3.py), as the settings say."""

from __future__ import annotations

from control.settings import Settings
from control.storage.objects.posix import Posix
from control.vault.objects import Objects

CREDENTIALS = "s3.ini"  # in keys/


def open_objects(settings: Settings) -> Objects:
    return open_store(settings) if settings.vault.store == "s3" else open_directory(settings)


def open_directory(settings: Settings) -> Posix:
    return Posix(settings.paths.vault)


def open_store(settings: Settings) -> Objects:
    """The S3-compatible store of these settings, also while it is not the one in use."""
    from control.storage.objects.s3 import S3  # a large client, for those who use it

    return S3(settings.vault, settings.paths.keys / CREDENTIALS)

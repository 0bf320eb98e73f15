"""The store of the vault, where it is a bucket: whether we may do there what we have to, and what time it has."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from control.cli.checks import Finding, good, judged
from control.errors import StorageUnavailable
from control.settings import Settings
from control.storage.objects import CREDENTIALS, open_store

_APART_SECONDS = 300  # stores refuse signatures that are 15 minutes off


def store(settings: Settings) -> Iterator[Finding]:
    if settings.vault.store != "s3":
        return
    yield from _credentials(settings)
    objects, place, content = open_store(settings), f"doctor-{secrets.token_hex(8)}/", secrets.token_bytes(64)
    where = f"{settings.vault.endpoint}{settings.vault.path}"
    try:
        objects.put(place + "canary", content)
        same = objects.get(place + "canary") == content and objects.names(place) == {"canary": len(content)}
        objects.remove(place)
        apart = objects.clock()
    except (StorageUnavailable, FileNotFoundError) as error:
        cause = error.__cause__ or error
        yield Finding("store", "failed", f"{where}: {cause}", _cure(str(cause)))
        return
    yield judged("store", same, where, "It does not answer what was written there: what stands between us and it?")
    yield judged("clock store", abs(apart) < _APART_SECONDS, f"{abs(apart):.0f} s apart from ours",
                 "Set both clocks by NTP: signatures go by them.")  # fmt: skip


def _credentials(settings: Settings) -> Iterator[Finding]:
    file = settings.paths.keys / CREDENTIALS
    if not file.exists():
        cure = "Write it (0600): [default], aws_access_key_id = …, aws_secret_access_key = …; then restart."
        yield Finding("store credentials", "warning", f"{file} is not there", cure)
    elif file.stat().st_mode & 0o077:
        yield Finding("store credentials", "failed", "others may read them", f"chmod 600 {file}")
    else:
        yield good("store credentials", str(file))


def _cure(said: str) -> str:
    if "NoSuchBucket" in said:
        return "Make the bucket, or mend [vault] bucket."
    if "TimeTooSkewed" in said:
        return "Set both clocks by NTP: signatures go by them."
    if "(" in said:  # the store has answered
        return "The account needs GetObject, PutObject and DeleteObject in the bucket, and ListBucket; then restart."
    return "Is [vault] endpoint right, does it run, and is its certificate trusted ([vault] authority)?"

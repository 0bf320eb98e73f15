"""The data directory: whose its files are, who may read them, how much room is left."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from control.cli.certificate import RENEW_BEFORE
from control.cli.checks import Finding, good, judged
from control.settings import Settings
from control.settings.paths import DIRECTORIES

_SECRETS = ("master.key", "stream.key", "get.key", "tokens.json", "links.json")
_FEW_INODES = 0.05
_HANDLES = 4096


def directories(settings: Settings) -> Iterator[Finding]:
    """Modes and owners of DIR and its parts."""
    owner = settings.data.stat().st_uid
    for name, mode in DIRECTORIES.items():
        place = settings.paths.data / name
        if not place.is_dir():
            yield Finding(f"directory {name}", "failed", f"{place} is missing", "sluice init makes it.")
            continue
        found = place.stat()
        wide = stat.S_IMODE(found.st_mode) & ~mode & 0o777
        if found.st_uid != owner:
            yield Finding(
                f"directory {name}",
                "failed",
                f"{place} belongs to another account",
                f"chown -R --reference={settings.data} {place}",
            )
        elif wide:
            yield Finding(
                f"directory {name}", "failed", f"mode {stat.S_IMODE(found.st_mode):o}", f"chmod {mode:o} {place}"
            )
    yield good("directories", f"{settings.data}, owner {owner}")


def secrets(settings: Settings) -> Iterator[Finding]:
    """Keys that others may read are no keys."""
    for name in _SECRETS:
        path = settings.paths.keys / name
        try:
            open_to_others = path.stat().st_mode & 0o077
        except FileNotFoundError:
            yield Finding(f"key {name}", "failed", "missing",
                          "Bring it back: sluice restore. Without it media or links are lost.")  # fmt: skip
            continue
        if open_to_others:
            yield Finding(
                f"key {name}", "failed", "others may read it", f"chmod 600 {path}, then replace it: it may have leaked."
            )
        elif name.endswith(".json") and not _json(path):
            yield Finding(f"key {name}", "failed", "damaged", "Bring it back from a backup (sluice restore).")
    yield good("keys", f"{len(_SECRETS)} secrets, readable by their owner alone")


def room(settings: Settings) -> Iterator[Finding]:
    """Free bytes and inodes of every disk below DIR."""
    wanted = settings.processing.free_bytes
    seen: set[int] = set()
    for name in (".", *DIRECTORIES):
        place = settings.paths.data / name
        if not place.is_dir() or place.stat().st_dev in seen:
            continue
        seen.add(place.stat().st_dev)
        free, inodes = shutil.disk_usage(place).free, os.statvfs(place)
        says = f"{free / 2**30:.1f} GiB free at {place.resolve()}"
        yield judged(f"disk {place.resolve()}", free > 2 * wanted, says,
                     f"The pipeline pauses below {wanted / 2**30:.1f} GiB (processing.free_bytes): make room.",
                     "failed" if free <= wanted else "warning")  # fmt: skip
        if inodes.f_files and inodes.f_favail < _FEW_INODES * inodes.f_files:
            yield Finding(
                f"inodes {place.resolve()}",
                "failed",
                f"{inodes.f_favail} left",
                "A film has thousands of files: make room.",
            )


def certificate(settings: Settings) -> Iterator[Finding]:
    """Until when browsers accept it, and whether its key fits."""
    ours = settings.server.certificate is None
    renewing = "sluice cert renew" if ours else "Renew it (certbot renew), then: sluice cert renew"
    try:
        found = x509.load_pem_x509_certificate(settings.certificate.read_bytes())
        key = settings.certificate_key.read_bytes()
    except (OSError, ValueError) as error:
        yield Finding("certificate", "failed", str(error), renewing)
        return
    left = found.not_valid_after_utc - datetime.now(UTC)
    says = f"valid for {left.days} more days" if left > timedelta(0) else "it has ended"
    yield judged(
        "certificate", left > RENEW_BEFORE, says, renewing, "failed" if left < timedelta(days=3) else "warning"
    )
    fits = belong_together(found, key)
    says = "it fits" if fits else "it belongs to another certificate"
    yield judged("certificate-key", fits, says, "Name the key of this very certificate: server.certificate_key")


def handles() -> Iterator[Finding]:
    """Every viewer is a socket or two."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    fine = most == resource.RLIM_INFINITY or most >= _HANDLES
    yield judged("open-files", fine, "no limit" if most == resource.RLIM_INFINITY else str(most),
                 f"Raise it to {_HANDLES} at least: LimitNOFILE= of the units, or ulimit -n.", "warning")  # fmt: skip


def _json(path: Path) -> bool:
    try:
        found = json.loads(path.read_text())
        return found["current"] in found["keys"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def belong_together(certificate: x509.Certificate, key: bytes) -> bool:
    try:
        loaded = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError):
        return False
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return loaded.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)

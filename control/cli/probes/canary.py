"""What the questions are about: two media and two users of their own, made for one run and gone after it."""

from __future__ import annotations

import fcntl
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from control import vault
from control.bootstrap import Services
from control.domain.media import Media
from control.domain.sessions import Device, Principal
from control.domain.uploads import Upload, Wanted
from control.domain.users import User
from control.services.archives import Made
from control.services.shares import Minted
from control.services.tokens import SigningKeys, Tokens
from control.storage.sql.canaries import CanaryStore
from control.storage.sql.trash import TrashStore
from control.vault.objects import Compartment
from control.vault.originals import kept_path
from control.vault.removal import remove
from nginx import contract

RUNG = "720p"
SHARE_PASSWORD = "edge-Verify-1"  # noqa: S105 (of a share that lives for a second)


@dataclass(frozen=True, slots=True)
class Person:
    """A throw-away user, signed in: `tokens` by what is wrong with them ("" is the good one)."""

    user: User
    principal: Principal
    token: str
    expired: str
    ended: str


@dataclass(frozen=True, slots=True)
class Canary:
    """`film` is an upload of the owner's with a rung, `photo` an import with a kept original; both are private.

    `text` stands in every file of either, and `key` opens the film: neither may be in any refusal.
    """

    text: bytes
    key: bytes
    owner: Person
    stranger: Person
    film: Media
    photo: Media
    upload: Upload
    archive: Made
    shares: dict[str, Minted]  # open | locked | revoked


@contextmanager
def canary(services: Services) -> Iterator[Canary]:
    """One at a time; whatever a run that was killed has left goes first."""
    with (services.settings.paths.run / "edge-verify.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        sweep(services)
        try:
            yield _make(services)
        finally:
            sweep(services)


def sweep(services: Services) -> None:
    """Rows, files, sessions, uploads, shares and archives."""
    store = CanaryStore(services.database)
    trash = TrashStore(services.database, lambda media: services.publisher.publish("media", media))
    for remains in store.media():
        trash.doom([remains.id])
        remove(services.settings.paths, services.objects, remains)
        trash.forget(remains.id)
    for user in map(services.users.get, store.users()):
        for upload in services.uploads.live(user.id):
            services.uploads.abort(upload)
        services.users.delete(user)
        _remove_empty(services, user)


def _remove_empty(services: Services, user: User) -> None:
    """The directories of its upload."""
    place = services.settings.paths.files / contract.UPLOADS_ROOT / user.id
    for directory in sorted(place.glob("**/"), reverse=True):
        directory.rmdir()


def _make(services: Services) -> Canary:
    text, name = b"edge-canary-" + secrets.token_hex(16).encode(), secrets.token_hex(4)
    owner, stranger = (_person(services, f"{name}-{part}") for part in ("owner", "stranger"))
    film, key = _film(services, owner.user, text)
    photo = _photo(services, owner.user, text)
    upload = services.uploads.begin(owner.user.id, Wanted("edge-verify", len(text)), owner.principal)
    archive = services.archives.make(owner.principal, [film], "edge-verify.zip")
    shares = {kind: _share(services, owner, film, kind) for kind in ("open", "locked", "revoked")}
    services.write_behind()  # control must know of it
    return Canary(text, key, owner, stranger, film, photo, upload, archive, shares)


def _person(services: Services, name: str) -> Person:
    user = services.users.create(CanaryStore.username(name), None, "viewer")
    device = Device(secrets.token_hex(16), "sluice edge verify", "script", "127.0.0.1", "sluice-edge-verify")
    live, ended = (services.sessions.open(user, device, "external") for device in (device, _other(device)))
    services.sessions.end(ended.principal.session_id, "edge verify")
    keys = SigningKeys.from_file(services.settings.paths.keys / "tokens.json")
    expired, _ = Tokens(keys, -3600, 60).mint("access", user.id, live.principal.session_id)
    return Person(user, live.principal, live.access_token, expired, ended.access_token)


def _other(device: Device) -> Device:
    return Device(secrets.token_hex(16), device.name, device.kind, device.address, device.user_agent)


def _film(services: Services, owner: User, text: bytes) -> tuple[Media, bytes]:
    media = str(uuid.uuid4())
    stored = contract.stored_path(owner.id, datetime.now(UTC).date(), media)
    stills = list(contract.STILL_KINDS)
    CanaryStore(services.database).add(media, owner.id, "video", "video/mp4", len(text), stored, stills, RUNG)
    media_key = _vault_files(services, media, text, stills)
    return services.library.find(media), vault.content_key(media_key, RUNG, 0)


def _photo(services: Services, owner: User, text: bytes) -> Media:
    media = str(uuid.uuid4())
    CanaryStore(services.database).add(media, owner.id, "image", "image/png", len(text), None, ["thumbnail"], None)
    _vault_files(services, media, text, ["thumbnail"])
    refused = services.settings.paths.quarantine / media
    refused.mkdir(parents=True)
    (refused / contract.QUARANTINED).write_bytes(text)
    return services.library.find(media)


def _vault_files(services: Services, media: str, text: bytes, stills: list[str]) -> bytes:
    """The files of either in the vault, and its plain original; returns its media key."""
    media_key = vault.new_media_key()
    services.media_key_store.put(media, services.master.wrap(media, media_key))
    target = Compartment.of(services.objects, media)
    for name in (contract.MASTER_PLAYLIST, f"{RUNG}/{contract.PLAYLIST}", f"{RUNG}/{contract.segment_name(0)}",
                 contract.IMAGE, contract.MANIFEST):  # fmt: skip
        target.put(name, text)
    for kind in stills:
        target.put(contract.still_name(kind), vault.seal(vault.content_key(media_key, kind), text))
    original = kept_path(services.settings.paths, media, services.library.find(media).stored)
    original.parent.mkdir(parents=True, exist_ok=True)
    original.write_bytes(text)
    return media_key


def _share(services: Services, owner: Person, film: Media, kind: str) -> Minted:
    wanted = {
        "media_ids": [film.id], "rights": ["view"], "folder": None, "name": "", "note": "", "max_uses": None,
        "password": SHARE_PASSWORD if kind == "locked" else None, "upload_max_files": None, "upload_max_bytes": None,
    }  # fmt: skip
    minted = services.shares.mint(owner.principal, wanted, "", "")
    if kind == "revoked":
        services.shares.revoke(owner.principal, minted.id, "", "")
    return minted

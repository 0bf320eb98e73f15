"""Keys and AES: the only module that turns plaintext into ciphertext and back.

Envelope (NIST SP 800-57 key wrapping): a random 128-bit **media key** per media, wrapped by the **master key** of
``keys/master.key``. Content keys are derived, never stored::

    key(label, n) = HKDF-SHA256(media key, info = label || n)        (RFC 5869)

HLS segments and WebP images: AES-128-CBC, PKCS#7, a random IV each (RFC 8216 4.3.2.4). Archived originals: AES-128-GCM
in numbered chunks, so that a cut, a swap or a repeat is found.
"""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.padding import PKCS7

from control.errors import EncryptionFailed
from control.files import write_secret

KEY_BYTES = 16
IV_BYTES = 16
_NONCE_BYTES = 12
_VERSION = re.compile(r"master(?:\.(?P<version>[0-9]{1,9}))?\.key")


class MasterKey:
    """The key that wraps media keys. It is read once and never leaves the process."""

    def __init__(self, secret: bytes, version: int = 1):
        if len(secret) != 32:
            raise ValueError("the master key must be 32 bytes (64 hex digits)")
        self.version = version
        self._aead = AESGCM(secret)

    @classmethod
    def from_file(cls, path: Path, version: int = 1) -> MasterKey:
        """Read 64 hex digits; a half-written file raises ValueError, naming the file."""
        try:
            return cls(bytes.fromhex(path.read_text().strip()), version)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def wrap(self, media: str, key: bytes) -> bytes:
        """Return nonce || ciphertext of a media key, bound to its media id."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, key, media.encode())

    def unwrap(self, media: str, wrapped: bytes) -> bytes:
        """Return the media key; raises EncryptionFailed when it was wrapped for another media or by another key."""
        try:
            return self._aead.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], media.encode())
        except InvalidTag:
            raise EncryptionFailed() from None


class WrappedKey(NamedTuple):
    """A media key as the database keeps it."""

    wrapped: bytes
    version: int  # of the master key


class MasterKeys:
    """Every version of the master key in one directory: ``master.key`` is 1, then ``master.2.key`` and so on.

    The highest wraps; all of them unwrap, and a version that another process has made meanwhile is read when it is met.
    Old versions stay: archived originals of a restored backup may need them.
    """

    def __init__(self, directory: Path):
        """Raises ValueError, naming the file, for one that is damaged, and OSError where there is none at all."""
        self._directory = directory
        self._known: dict[int, MasterKey] = {}
        for version in self.versions() or [1]:
            self._get(version)

    def versions(self) -> list[int]:
        found = (_VERSION.fullmatch(path.name) for path in self._directory.iterdir())
        return sorted(int(match["version"] or 1) for match in found if match)

    def path(self, version: int) -> Path:
        return self._directory / ("master.key" if version == 1 else f"master.{version}.key")

    def current(self) -> MasterKey:
        return self._get(self.versions()[-1])

    def age(self) -> float:
        """Seconds since the current version was made."""
        return time.time() - self.path(self.versions()[-1]).stat().st_mtime

    def add(self) -> MasterKey:
        """Make the next version: whole and durable, or not there."""
        version = self.versions()[-1] + 1
        write_secret(self.path(version), os.urandom(32).hex() + "\n")
        return self._get(version)

    def wrap(self, media: str, key: bytes) -> WrappedKey:
        master = self.current()
        return WrappedKey(master.wrap(media, key), master.version)

    def unwrap(self, media: str, key: WrappedKey) -> bytes:
        """Raises EncryptionFailed, also where that version is not there."""
        try:
            master = self._get(key.version)
        except (OSError, ValueError):
            raise EncryptionFailed(f"Version {key.version} of the master key is missing from keys/.") from None
        return master.unwrap(media, key.wrapped)

    def _get(self, version: int) -> MasterKey:
        if version not in self._known:
            self._known[version] = MasterKey.from_file(self.path(version), version)
        return self._known[version]


def rewrap(masters: MasterKeys, store, told: Callable[[int], None] = lambda done: None, batch: int = 500) -> int:
    """Wrap every media key again by the current master key; return how many were not.

    Each row changes from one good state to another, in one statement, and only if nobody else changed it: whoever is
    interrupted begins again and goes on. `told` hears how many are done.
    """
    version, done = masters.current().version, 0
    while rows := store.wrapped_before(version, batch):
        for media, old in rows:
            store.replace(media, old, masters.wrap(media, masters.unwrap(media, old)))
        done += len(rows)
        told(done)
    return done


def rotate(masters: MasterKeys, store, told: Callable[[int], None] = lambda done: None) -> tuple[int, int]:
    """A new master key, and every media key under it; a rotation that was interrupted is finished instead.

    Returns its version, and how many keys it wrapped.
    """
    interrupted = store.wrapped_before(masters.current().version, 1)
    master = masters.current() if interrupted else masters.add()
    return master.version, rewrap(masters, store, told)


def new_media_key() -> bytes:
    return os.urandom(KEY_BYTES)


def content_key(media_key: bytes, label: str, n: int = 0) -> bytes:
    """Derive the 16-byte key of a rung's n-th key period, or of an image, still or archive (`label`, n = 0)."""
    info = b"sluice content key\0" + label.encode() + b"\0" + struct.pack(">I", n)
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=info).derive(media_key)


def encrypt(key: bytes, plaintext: bytes, iv: bytes) -> bytes:
    """AES-128-CBC with PKCS#7 padding (RFC 8216 METHOD=AES-128)."""
    padder = PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()


def decrypt(key: bytes, ciphertext: bytes, iv: bytes) -> bytes:
    """The inverse of :func:`encrypt`; raises EncryptionFailed where key, IV or length are wrong."""
    try:
        decryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        unpadder = PKCS7(128).unpadder()
        return unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise EncryptionFailed() from None


def seal(key: bytes, plaintext: bytes) -> bytes:
    """Return IV || AES-128-CBC ciphertext: the form of every `*.webp.enc`."""
    iv = os.urandom(IV_BYTES)
    return iv + encrypt(key, plaintext, iv)


def unseal(key: bytes, sealed: bytes) -> bytes:
    return decrypt(key, sealed[IV_BYTES:], sealed[:IV_BYTES])


# --- archived originals: MAGIC, 8-byte prefix, then chunks of <= CHUNK bytes + 16-byte tag; the last one is marked ---

_MAGIC = b"SLUICE1\n"
_CHUNK = 1 << 20


def archive(key: bytes, source: BinaryIO, target: BinaryIO) -> None:
    """Write `source` to `target` as authenticated ciphertext, in constant memory."""
    aead, prefix = AESGCM(key), os.urandom(8)
    target.write(_MAGIC + prefix)
    for number, chunk, last in _numbered(source, _CHUNK):
        target.write(aead.encrypt(prefix + struct.pack(">I", number), chunk, b"last" if last else b"more"))


def unarchive(key: bytes, source: BinaryIO, target: BinaryIO) -> None:
    """Bring an archived original back; raises EncryptionFailed when it was altered, cut short or is not ours."""
    if source.read(len(_MAGIC)) != _MAGIC:
        raise EncryptionFailed("This is not an archived original.")
    aead, prefix = AESGCM(key), source.read(8)
    try:
        for number, chunk, last in _numbered(source, _CHUNK + 16):
            target.write(aead.decrypt(prefix + struct.pack(">I", number), chunk, b"last" if last else b"more"))
    except InvalidTag:
        raise EncryptionFailed() from None


def _numbered(source: BinaryIO, size: int) -> Iterator[tuple[int, bytes, bool]]:
    chunk, number = source.read(size), 0
    while True:
        following = source.read(size)
        yield number, chunk, not following
        if not following:
            return
        chunk, number = following, number + 1

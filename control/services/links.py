"""Stateless signed links: expiry + signature, no record. Minted here; Nginx verifies /d/, control the others."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from control.domain.media import Media
from control.domain.users import Role
from control.errors import BadRequest, NoPlainFile, SignatureInvalid
from control.services.link_keys import LinkKeys
from control.services.signed_queries import SignedQueries
from control.settings.sections import Links as Limits
from nginx import contract

Form = Literal["d", "stream", "get"]


@dataclass(frozen=True, slots=True)
class Link:
    url: str  # absolute
    expires: datetime


class Links:
    """`stream_secret` and `get_secret` are those of the two forms that control verifies."""

    def __init__(self, public_url: str, keys: LinkKeys, stream_secret: bytes, get_secret: bytes, limits: Limits):
        self._public_url, self._keys, self._limits = public_url, keys, limits
        self._streams = SignedQueries(contract.EXPIRES_PARAM, stream_secret)
        self._gets = SignedQueries(contract.GET_EXPIRES_PARAM, get_secret)

    def mint(self, media: Media, form: Form, ttl: int | None, role: Role, bind_to: str | None = None) -> Link:
        """Return a link to the original of `media`, valid for `ttl` seconds; how many they may be, the role says.

        It opens everywhere, or in the network of the address `bind_to` alone. Raises BadRequest for a lifetime out of
        bounds or no address, NoPlainFile when only ciphertext is kept.
        """
        seconds = self._limits.default_seconds if ttl is None else ttl
        longest = self._limits.viewer_max_seconds if role in ("guest", "viewer") else self._limits.max_seconds
        if not 1 <= seconds <= longest:
            raise BadRequest(f"ttl must lie between 1 and {longest} seconds.")
        if not media.has_plain_file:
            raise NoPlainFile()
        expires = int(time.time()) + seconds
        paths = {"d": self._download_path, "stream": self._stream_path, "get": self._get_path}
        path = paths[form](media, expires, bind_to and _network(bind_to))
        return Link(self._public_url + path, datetime.fromtimestamp(expires, UTC))

    def _download_path(self, media: Media, expires: int, network: str | None) -> str:
        kid = self._keys.current
        root, path = contract.original_root(media.id, media.mount, media.path, media.stored)
        if any(character < " " or character == "\x7f" for character in path):
            raise BadRequest("Its name holds a control character: ask for a link of kind stream.")
        if network:
            return contract.bound_download_url(kid, self._keys.keys[kid], expires, root, path, network)
        return contract.download_url(kid, self._keys.keys[kid], expires, root, path)

    def _stream_path(self, media: Media, expires: int, network: str | None) -> str:
        return f"{contract.STREAM.path}{media.id}?{self._streams.make(media.id, expires, network)}"

    def _get_path(self, media: Media, expires: int, network: str | None) -> str:
        return f"{contract.GET.path}{encoded(media.key)}?{self._gets.make(media.key, expires, network)}"

    def verify_stream(self, stream_id: str, query: str, address: str) -> None:
        """Check a /stream link, asked for from `address`; raises what SignedQueries.verify raises."""
        self._streams.verify(stream_id, query, address)

    def verify_get(self, encoded_key: str, query: str, address: str) -> str:
        """Likewise for a /get link; returns the key that it names (Media.key)."""
        key = _decoded(encoded_key)
        self._gets.verify(key, query, address)
        return key


def encoded(key: str) -> str:
    """A key as one part of a path: base64url without padding (RFC 4648 5)."""
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def _decoded(text: str) -> str:
    """Raises SignatureInvalid for anything but what :func:`encoded` makes: a key has one address."""
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        raise SignatureInvalid() from None
    if encoded(key) != text:
        raise SignatureInvalid()
    return key


def _network(address: str) -> str:
    try:
        return contract.network_of(address)
    except ValueError:
        raise BadRequest(f"{address!r} is no address that a link can be bound to.") from None

"""Stateless signed links: expiry + signature, no record. Minted here; /d/ is verified by Nginx, /stream by control."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from control.domain.media import Media
from control.domain.users import Role
from control.errors import BadRequest, LinkExpired, NoPlainFile, SignatureInvalid
from control.services.link_keys import LinkKeys
from control.settings.sections import Links as Limits
from nginx import contract

Form = Literal["d", "stream"]

# Exactly one canonical query: order, names and length are fixed (threat S07).
_STREAM_QUERY = re.compile(
    rf"{contract.EXPIRES_PARAM.name}=(?P<expires>[0-9]{{10}})&{contract.SIGNATURE_PARAM.name}=(?P<sig>[0-9a-f]{{64}})"
)


@dataclass(frozen=True, slots=True)
class Link:
    url: str  # absolute
    expires: datetime


class Links:
    def __init__(self, public_url: str, keys: LinkKeys, stream_secret: bytes, limits: Limits):
        self._public_url, self._keys, self._stream_secret, self._limits = public_url, keys, stream_secret, limits

    def mint(self, media: Media, form: Form, ttl: int | None, role: Role) -> Link:
        """Return a link to the original of `media`, valid for `ttl` seconds; how many they may be, the role says.

        Raises BadRequest for a lifetime out of bounds, NoPlainFile when only ciphertext is kept.
        """
        seconds = self._limits.default_seconds if ttl is None else ttl
        longest = self._limits.viewer_max_seconds if role in ("guest", "viewer") else self._limits.max_seconds
        if not 1 <= seconds <= longest:
            raise BadRequest(f"ttl must lie between 1 and {longest} seconds.")
        if not media.has_plain_file:
            raise NoPlainFile()
        expires = int(time.time()) + seconds
        path = self._download_path(media, expires) if form == "d" else self._stream_path(media.id, expires)
        return Link(self._public_url + path, datetime.fromtimestamp(expires, UTC))

    def _download_path(self, media: Media, expires: int) -> str:
        kid = self._keys.current
        root, path = contract.original_root(media.id, media.mount, media.path, media.stored)
        if any(character < " " or character == "\x7f" for character in path):
            raise BadRequest("Its name holds a control character: ask for a link of kind stream.")
        return contract.download_url(kid, self._keys.keys[kid], expires, root, path)

    def _stream_path(self, stream_id: str, expires: int) -> str:
        query = f"{contract.EXPIRES_PARAM.name}={expires:010d}&{contract.SIGNATURE_PARAM.name}="
        return f"{contract.STREAM.path}{stream_id}?{query}{self._signature(stream_id, f'{expires:010d}')}"

    def verify_stream(self, stream_id: str, query: str) -> None:
        """Check the raw query string of a /stream link; raises SignatureInvalid or LinkExpired."""
        found = _STREAM_QUERY.fullmatch(query)
        if not found:
            raise SignatureInvalid("The query must be exactly ?expires=…&sig=….")
        if not hmac.compare_digest(self._signature(stream_id, found["expires"]), found["sig"]):
            raise SignatureInvalid()
        if int(found["expires"]) <= time.time():
            raise LinkExpired()

    def _signature(self, stream_id: str, expires: str) -> str:
        """HMAC-SHA256, hex, over ``id|expires`` (the recipe of the user's existing link generators)."""
        return hmac.new(self._stream_secret, f"{stream_id}|{expires}".encode(), hashlib.sha256).hexdigest()

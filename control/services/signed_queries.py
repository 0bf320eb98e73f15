"""The query of a link that control verifies: one canonical form under HMAC-SHA256, made and checked by one recipe."""

from __future__ import annotations

import hashlib
import hmac
import re
import time

from control.errors import LinkExpired, OtherNetwork, SignatureInvalid
from nginx import contract

_NETWORK, _SIGNATURE = contract.NETWORK_PARAM.name, contract.SIGNATURE_PARAM.name


class SignedQueries:
    """`?{expires}=…[&net=…]&sig=…`: order, names and lengths are fixed (threat S07).

    The signature is over ``name|expires`` or ``name|expires|network``, in hex: the recipe of the user's existing link
    generators. No text of the one is any of the other: an expiry is ten digits, and no network is.
    """

    def __init__(self, expires: contract.QueryParam, secret: bytes):
        self._expires, self._secret = expires.name, secret
        self._query = re.compile(
            rf"{expires.name}=(?P<expires>{contract.EXPIRES})"
            rf"(?:&{_NETWORK}=(?P<network>{contract.NETWORK}))?&{_SIGNATURE}=(?P<signature>[0-9a-f]{{64}})"
        )

    def make(self, name: str, expires: int, network: str | None) -> str:
        bound = f"&{_NETWORK}={network}" if network else ""
        signature = self._signature(name, f"{expires:010d}", network)
        return f"{self._expires}={expires:010d}{bound}&{_SIGNATURE}={signature}"

    def verify(self, name: str, query: str, address: str) -> None:
        """Check the raw query string of a client at `address`.

        Raises SignatureInvalid, LinkExpired, or OtherNetwork for a client of another one than the link is bound to.
        """
        found = self._query.fullmatch(query)
        if not found:
            raise SignatureInvalid(f"The query must be exactly ?{self._expires}=…&{_SIGNATURE}=….")
        signature = self._signature(name, found["expires"], found["network"])
        if not hmac.compare_digest(signature, found["signature"]):
            raise SignatureInvalid()
        if int(found["expires"]) <= time.time():
            raise LinkExpired()
        if found["network"] and found["network"] != contract.network_of(address):
            raise OtherNetwork()

    def _signature(self, name: str, expires: str, network: str | None) -> str:
        text = "|".join(filter(None, [name, expires, network]))
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()

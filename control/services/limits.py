"""Limits: how often somebody may try to sign in, and how fast one principal may ask."""

from __future__ import annotations

import hashlib
import math
import time
import unicodedata
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from control.domain.limits import Rate
from control.domain.sessions import Device, Principal
from control.errors import TooManyRequests, TooManyTries
from control.settings.sections import Limits as Settings
from control.settings.sections import Shares


class Limiter(Protocol):
    def take(self, key: str, rate: Rate, cells: int = 1) -> float: ...


class LocalLimiter:
    """GCRA (the generic cell rate algorithm) in this process: one number per key, no timer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, size: int = 100_000):
        self._clock, self._size = clock, size
        self._arrivals: dict[str, float] = {}  # the theoretical arrival time of the next cell

    def take(self, key: str, rate: Rate, cells: int = 1) -> float:
        """Take `cells` from the bucket `key`; return 0, or the seconds to wait. Negative cells are given back."""
        now = self._clock()
        after = max(self._arrivals.get(key, now), now) + rate.interval * cells
        wait = after - now - rate.interval * rate.burst
        if wait > 1e-9 and cells > 0:
            return wait
        if len(self._arrivals) >= self._size:
            self._forget(now)
        self._arrivals[key] = after
        return 0.0

    def _forget(self, now: float) -> None:
        self._arrivals = {key: arrival for key, arrival in self._arrivals.items() if arrival > now}
        if len(self._arrivals) >= self._size:
            self._arrivals.clear()  # as many live buckets as that are an attack: start over


class SignInLimits:
    """Every try costs a cell of the network's bucket and one of the account's; a success gives both back.

    A device that has signed in to the account before has a bucket of its own: whoever guesses at an account cannot
    lock its owner out.
    """

    def __init__(self, limiter: Limiter, settings: Settings):
        self._limiter = limiter
        self._account = Rate(60 / settings.account_per_minute, settings.account_burst)
        self._network = Rate(60 / settings.network_per_minute, settings.network_burst)

    def enter(self, login: str, device: Device, known: bool) -> None:
        """Raises TooManyTries, saying how long to wait. The same for accounts that do not exist."""
        wait = self._limiter.take(_network_key(device.address), self._network)
        wait = wait or self._limiter.take(_account_key(login, device, known), self._account)
        if wait:
            raise TooManyTries(f"Wait {math.ceil(wait)} seconds and try again.", retry_after=math.ceil(wait))

    def succeeded(self, login: str, device: Device, known: bool) -> None:
        self._limiter.take(_network_key(device.address), self._network, -1)
        self._limiter.take(_account_key(login, device, known), self._account, -1)


class ShareLimits:
    """Guesses at a share's password: per network, and ten times as many from everywhere; a success gives both back."""

    def __init__(self, limiter: Limiter, settings: Shares):
        self._limiter = limiter
        self._network = Rate(60 / settings.guesses_per_minute, settings.guesses_burst)
        self._everywhere = Rate(6 / settings.guesses_per_minute, settings.guesses_burst * 10)

    def enter(self, share: str, address: str) -> None:
        """Raises TooManyTries, saying how long to wait."""
        wait = self._limiter.take(f"share:{share}:{network(address)}", self._network)
        wait = wait or self._limiter.take(f"share:{share}", self._everywhere)
        if wait:
            raise TooManyTries(f"Wait {math.ceil(wait)} seconds and try again.", retry_after=math.ceil(wait))

    def succeeded(self, share: str, address: str) -> None:
        self._limiter.take(f"share:{share}:{network(address)}", self._network, -1)
        self._limiter.take(f"share:{share}", self._everywhere, -1)


class RequestLimits:
    """Per principal and worker: no round trip for a limit that only has to stop a flood."""

    def __init__(self, settings: Settings):
        self._limiter = LocalLimiter()
        self._rate = Rate(1 / settings.requests_per_second, settings.requests_burst)

    def enter(self, principal: Principal, address: str) -> None:
        """Raises TooManyRequests."""
        wait = self._limiter.take(principal.session_id or principal.token_id or network(address), self._rate)
        if wait:
            raise TooManyRequests(retry_after=math.ceil(wait))


def network(address: str) -> str:
    """The network that counts as one asker: an IPv4 address, or an IPv6 /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> 64 << 64)) + "/64"
    return address


def _network_key(address: str) -> str:
    return f"network:{network(address)}"


def _account_key(login: str, device: Device, known: bool) -> str:
    account = unicodedata.normalize("NFKC", login).casefold().encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(account).hexdigest()[:32]
    return f"device:{device.id}:{digest}" if known else f"account:{digest}"

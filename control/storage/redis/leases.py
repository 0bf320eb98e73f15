"""Key leases: a sorted set for each holder (a user, or a share), grant -> when its lease expires.

======================================= ===== =================================================================
``sluice:leases:{holder}``              lease grant -> expiry, in seconds of Redis's own clock
``sluice:leases:{holder}:facts``        lease grant -> "{since}|{rung}"
``sluice:leases``                       none  holder -> expiry of its newest lease; what is over goes with the next one
======================================= ===== =================================================================

`lease` is the key period and LEASE_MARGIN_SECONDS, renewed with every content key.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import redis

from control.domain.leases import Lease
from control.storage.redis.client import LEASES, Convenience

LEASE_MARGIN_SECONDS = 90  # a player that is paused, or behind a slow line, keeps its place for so long

# KEYS: leases, facts, holders. ARGV: holder, grant, seconds, limit (0: none), rung, whether the rung is of a picture.
# One script, so that two that start at once cannot both be the last one. Returns 1: new, 0: known, -1: over the limit.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local until_ = now + tonumber(ARGV[3])
local over = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
if #over > 0 then
    redis.call('ZREM', KEYS[1], unpack(over))
    redis.call('HDEL', KEYS[2], unpack(over))
end
local known = redis.call('ZSCORE', KEYS[1], ARGV[2])
local limit = tonumber(ARGV[4])
if not known and limit > 0 and redis.call('ZCARD', KEYS[1]) >= limit then return -1 end
local since, rung = string.match(redis.call('HGET', KEYS[2], ARGV[2]) or '', '^([^|]+)|(.*)$')
if ARGV[6] == '1' or not rung then rung = ARGV[5] end
redis.call('ZADD', KEYS[1], until_, ARGV[2])
redis.call('HSET', KEYS[2], ARGV[2], (since or string.format('%.3f', now)) .. '|' .. rung)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
redis.call('ZADD', KEYS[3], until_, ARGV[1])
redis.call('EXPIRE', KEYS[1], math.ceil(tonumber(ARGV[3])))
redis.call('EXPIRE', KEYS[2], math.ceil(tonumber(ARGV[3])))
return known and 0 or 1
"""

# KEYS: leases, facts. Returns grant, facts, grant, facts ... of the live ones.
_LIST = """
local time = redis.call('TIME')
local found = {}
for _, grant in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. time[1], '+inf')) do
    found[#found + 1] = grant
    found[#found + 1] = redis.call('HGET', KEYS[2], grant) or '0|'
end
return found
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a content key says of its lease."""

    holder: str
    grant: str
    rung: str
    picture: bool  # the rung is one of a picture


class LocalLeases:
    """The leases that this process knows of itself: what counts while Redis is away."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._leases: dict[str, dict[str, tuple[float, Lease]]] = {}  # holder -> grant -> (expiry, lease)

    def take(self, wanted: Wanted, limit: int) -> int:
        """As the script of Redis answers."""
        now, mine = time.time(), self._live(wanted.holder)
        known = mine.get(wanted.grant)
        if known is None and 0 < limit <= len(mine):
            return -1
        since = known[1].since if known else now
        rung = wanted.rung if wanted.picture or known is None else known[1].rung
        mine[wanted.grant] = (now + self._seconds, Lease(wanted.grant, since, rung))
        self._leases[wanted.holder] = mine
        return 0 if known else 1

    def end(self, holder: str, grant: str) -> bool:
        return self._leases.get(holder, {}).pop(grant, None) is not None

    def of(self, holder: str) -> list[Lease]:
        return [lease for _, lease in self._live(holder).values()]

    def all(self) -> list[Lease]:
        return [lease for holder in list(self._leases) for lease in self.of(holder)]

    def _live(self, holder: str) -> dict[str, tuple[float, Lease]]:
        now, known = time.time(), self._leases.pop(holder, {})
        live = {grant: entry for grant, entry in known.items() if entry[0] > now}
        if live:
            self._leases[holder] = live
        return live


class Leases:
    """Asks Redis, in one round trip; while it is away, this process counts for itself."""

    def __init__(self, client: redis.Redis, period_seconds: float):
        self._client, self.seconds = client, period_seconds + LEASE_MARGIN_SECONDS
        self._take, self._list = client.register_script(_TAKE), client.register_script(_LIST)
        self._redis, self._local = Convenience(), LocalLeases(self.seconds)
        self._later: dict[str, Wanted] = {}  # by grant

    def take(self, wanted: Wanted, limit: int) -> int:
        """Begin or renew a lease: 1 for a new one, 0 for a known one, -1 where the holder has `limit` others."""
        outcome = self._redis.ask(
            lambda: self._take(*self._arguments(wanted, limit)), lambda: self._local.take(wanted, limit)
        )
        if outcome >= 0:
            self._local.take(wanted, 0)
        return outcome

    def take_later(self, wanted: Wanted) -> None:
        """Of a holder without a limit: written behind."""
        self._later[wanted.grant] = wanted

    def flush(self) -> list[str]:
        """Write what waits; return the holders that have a new lease. What Redis does not take is this process's."""
        batch, self._later = list(self._later.values()), {}
        if not batch:
            return []
        local = [self._local.take(wanted, 0) for wanted in batch]
        outcomes = self._redis.ask(lambda: self._take_all(batch), lambda: local)
        return [wanted.holder for wanted, outcome in zip(batch, outcomes, strict=True) if outcome == 1]

    def _take_all(self, batch: list[Wanted]) -> list[int]:
        with self._client.pipeline(transaction=False) as pipeline:
            for wanted in batch:
                keys, arguments = self._arguments(wanted, 0)
                self._take(keys, arguments, client=pipeline)
            return pipeline.execute()

    def _arguments(self, wanted: Wanted, limit: int) -> tuple[list, list]:
        arguments = [wanted.holder, wanted.grant, self.seconds, limit, wanted.rung, int(wanted.picture)]
        return [*_keys(wanted.holder), LEASES], arguments

    def end(self, holder: str, grant: str) -> bool:
        """True when it was alive until now."""
        waited, known = self._later.pop(grant, None), self._local.end(holder, grant)
        return self._redis.ask(lambda: self._remove(holder, grant), lambda: known) or waited is not None

    def _remove(self, holder: str, grant: str) -> bool:
        leases, facts = _keys(holder)
        with self._client.pipeline() as pipeline:
            pipeline.zrem(leases, grant).hdel(facts, grant)
            return bool(pipeline.execute()[0])

    def of(self, holder: str) -> list[Lease]:
        return self._redis.ask(lambda: _leases(self._list(_keys(holder))), lambda: self._local.of(holder))

    def all(self) -> list[Lease]:
        return self._redis.ask(self._everybody, self._local.all)

    def count(self) -> int:
        """How many live leases there are."""
        return self._redis.ask(self._counted, lambda: len(self._local.all()))

    def _counted(self) -> int:
        now, holders = self._client.time()[0], self._client.zrange(LEASES, 0, -1)
        with self._client.pipeline(transaction=False) as pipeline:
            for holder in holders:
                pipeline.zcount(_keys(holder)[0], now, "+inf")
            return sum(pipeline.execute()) if holders else 0

    def _everybody(self) -> list[Lease]:
        holders = self._client.zrange(LEASES, 0, -1)
        with self._client.pipeline(transaction=False) as pipeline:
            for holder in holders:
                self._list(_keys(holder), client=pipeline)
            return [lease for found in pipeline.execute() for lease in _leases(found)] if holders else []


def _keys(holder: str) -> list[str]:
    return [f"{LEASES}:{holder}", f"{LEASES}:{holder}:facts"]


def _leases(found: list[str]) -> list[Lease]:
    leases = []
    for grant, facts in zip(found[::2], found[1::2], strict=True):
        since, _, rung = facts.partition("|")
        leases.append(Lease(grant, float(since), rung))
    return leases

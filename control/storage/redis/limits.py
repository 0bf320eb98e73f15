"""Rate limits shared by all workers: GCRA (the generic cell rate algorithm) in one Lua script."""

from __future__ import annotations

import redis

from control.domain.limits import Rate
from control.storage.redis.client import LIMIT_PREFIX, Convenience

# KEYS[1]: theoretical arrival time. ARGV: seconds per cell, cells of a burst, cells to take (negative: give back).
# Redis's own clock counts, so that hosts need not agree. Returns the seconds to wait, 0 where it was let through.
_GCRA = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local interval, burst, cells = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local arrival = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local after = arrival + interval * cells
local wait = after - interval * burst - now
if wait > 0 and cells > 0 then return tostring(wait) end
if after > now then
    redis.call('SET', KEYS[1], string.format('%.6f', after), 'PX', math.ceil((after - now) * 1000) + 1000)
else
    redis.call('DEL', KEYS[1])
end
return '0'
"""


class RedisLimiter:
    """`fallback` counts in this process while Redis does not answer."""

    def __init__(self, client: redis.Redis, fallback):
        self._script = client.register_script(_GCRA)
        self._fallback = fallback
        self._redis = Convenience()

    def take(self, key: str, rate: Rate, cells: int = 1) -> float:
        """Take `cells` from the bucket `key`; return 0, or the seconds to wait. Negative cells are given back."""
        arguments = [rate.interval, rate.burst, cells]
        return self._redis.ask(
            lambda: float(self._script(keys=[LIMIT_PREFIX + key], args=arguments)),
            lambda: self._fallback.take(key, rate, cells),
        )

"""Limits in this process: buckets, networks, and floods of one principal."""

from __future__ import annotations

import pytest

from control.domain.limits import Rate
from control.domain.sessions import ANONYMOUS, Principal
from control.errors import TooManyRequests
from control.services.limits import LocalLimiter, RequestLimits, network
from control.settings.sections import Limits


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_a_bucket_fills_at_its_rate_and_never_above_its_burst():
    clock = Clock()
    limiter, rate = LocalLimiter(clock), Rate(interval=2, burst=3)
    assert [limiter.take("a", rate) for _ in range(4)] == [0, 0, 0, 2]
    clock.now += 2
    assert [limiter.take("a", rate) for _ in range(2)] == [0, 2]
    clock.now += 1000
    assert [limiter.take("a", rate) for _ in range(4)] == [0, 0, 0, 2]


def test_old_buckets_are_forgotten_before_memory_is_lost():
    clock = Clock()
    limiter = LocalLimiter(clock, size=100)
    for number in range(1000):
        limiter.take(str(number), Rate(1, 1))
        clock.now += 0.1
    assert len(limiter._arrivals) <= 100


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("::ffff:192.0.2.7", "192.0.2.7"),
     ("2001:db8:1:2::", "2001:db8:1:2::/64"), ("nonsense", "nonsense")],
)  # fmt: skip
def test_an_ipv6_asker_is_its_64(address, counts_as):
    assert network(address) == counts_as


def test_a_flood_of_one_principal_is_stopped_and_nobody_else():
    limits = RequestLimits(Limits(requests_burst=5, requests_per_second=1))
    flooding, other = (Principal("session", "u", session_id=session) for session in ("s1", "s2"))
    for _ in range(5):
        limits.enter(flooding, "192.0.2.1")
    with pytest.raises(TooManyRequests) as stopped:
        limits.enter(flooding, "192.0.2.1")
    assert stopped.value.retry_after >= 1
    limits.enter(other, "192.0.2.1")
    limits.enter(ANONYMOUS, "192.0.2.1")
    limits.enter(Principal("token", "u", token_id="t"), "192.0.2.1")

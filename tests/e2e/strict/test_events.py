"""Live events while Redis is away, and across a reload of control."""

from __future__ import annotations

import os
import signal

from tests.e2e.listening import Listener
from tests.e2e.people import PASSWORD, add_user, wait_until


def test_without_redis_a_stream_says_poll_and_then_that_events_come_again(stack):
    listener = Listener(stack.session(add_user(stack), PASSWORD), "sessions")
    listener.wait("live")
    with stack.stopped("stores:redis"):
        listener.wait("poll")
        before = len(listener.heard)
    listener.wait("live", since=before)
    listener.leave()


def test_a_reload_waits_for_no_stream(stack):
    client = stack.session(add_user(stack), PASSWORD)
    listeners = [Listener(client, "sessions") for _ in range(6)]
    for listener in listeners:
        listener.wait("live")
    master, *old = stack.pids("sluice:control")
    os.kill(master, signal.SIGHUP)
    for listener in listeners:
        listener.wait_for_its_end()
        assert listener.heard[-1][0] != "end"  # nobody was signed out
    wait_until(lambda: not set(old) & set(stack.pids("sluice:control")), what="old workers linger")
    again = Listener(client, "sessions")
    again.wait("live")
    again.leave()

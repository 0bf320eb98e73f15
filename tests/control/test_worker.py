"""A worker that stops closes what is idle and waits for nothing else."""

from __future__ import annotations

import gevent

from control.worker import Worker


def connection(worker: Worker) -> str:
    """What gunicorn does for one connection: it waits for a request, and answers it."""
    request = None
    with worker.timeout_ctx():
        gevent.sleep(30)
        request = "a request"
    return request or "closed"


def worker(alive: bool = True) -> Worker:
    made = Worker.__new__(Worker)  # without the sockets and the settings of a real one
    made._idle, made.alive = set(), alive
    made.cfg = type("Settings", (), {"keepalive": 60})
    return made


def test_an_idle_connection_ends_with_its_worker():
    stopping = worker()
    waits = gevent.spawn(connection, stopping)
    gevent.sleep(0)
    stopping.close_idle()
    assert waits.get(timeout=20) == "closed" and not stopping._idle


def test_what_is_being_answered_goes_on():
    stopping, done = worker(), []

    def answer():
        with stopping.timeout_ctx():
            pass
        gevent.sleep(0.01)
        done.append("answered")

    answers = gevent.spawn(answer)
    gevent.sleep(0)
    stopping.close_idle()
    answers.get(timeout=20)
    assert done == ["answered"]


def test_a_connection_that_comes_too_late_is_not_waited_for_long():
    assert gevent.spawn(connection, worker(alive=False)).get(timeout=20) == "closed"
